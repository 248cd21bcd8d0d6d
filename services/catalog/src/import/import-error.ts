/** The import cannot go on: the message says why, and what to do. */
export class ImportError extends Error {
  override readonly name = 'ImportError'
}

/** The longest row that is taken for one, in characters: a missing quote or line break would make a row of the whole file. */
export const LONGEST_ROW = 1_048_576
