/** The import cannot go on: the message says why, and what to do. */
export class ImportError extends Error {
  override readonly name = 'ImportError'
  /** A name for programs; undefined where the file itself is what is wrong. */
  readonly code: 'CATALOG_ERR_NO_DATABASE' | 'CATALOG_ERR_NOT_A_CATALOG' | undefined

  constructor (
    message: string,
    { code, ...options }: ErrorOptions & Pick<Partial<ImportError>, 'code'> = {}
  ) {
    super(message, options)
    this.code = code
  }
}

/**
 * The longest row that is taken for one, in characters: a missing quote or line break would make a
 * row of the whole file.
 */
export const LONGEST_ROW = 1_048_576
