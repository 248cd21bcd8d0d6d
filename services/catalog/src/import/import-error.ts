/** Error that stops the import: the message has the reason and the remedy. */
export class ImportError extends Error {
  override readonly name = 'ImportError'
  /** Stable name for programs; undefined if the file itself is at fault. */
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
 * Maximum length of a row, in characters: without it a missing quote or line break would make the
 * whole file one row.
 */
export const LONGEST_ROW = 1_048_576
