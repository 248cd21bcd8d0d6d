/** The command line is wrong. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** The reason why a measurement was not possible, in words for the user. */
export class LoadError extends Error {
  override readonly name = 'LoadError'

  constructor (
    readonly code:
      | 'WEIR_ERR_NOBODY_ANSWERS'
      | 'WEIR_ERR_UNEXPECTED_ANSWER'
      | 'WEIR_ERR_TOKEN_REFUSED'
      | 'WEIR_ERR_NO_SHOP',
    message: string
  ) {
    super(message)
  }
}
