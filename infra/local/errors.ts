/** The reason why the suite could not start, in words for the user. */
export class StartError extends Error {
  override readonly name = 'StartError'

  constructor (
    readonly code:
      | 'WEIR_ERR_BAD_PORT'
      | 'WEIR_ERR_BAD_UPSTREAM'
      | 'WEIR_ERR_PORT_TAKEN'
      | 'WEIR_ERR_PORT_DENIED'
      | 'WEIR_ERR_INSTANCE_FAILED'
      | 'WEIR_ERR_HOPELESS'
      | 'WEIR_ERR_OTHER_STORE',
    message: string
  ) {
    super(message)
  }
}
