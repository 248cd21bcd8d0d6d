/** Every failure of this package, by code. The message says what to do about it. */
const messages = {
  WEIR_AUDIT_INVALID_OPTION: (what: string) => what,
  WEIR_AUDIT_NOT_LOOPBACK: (what: string) =>
    `${what} is not a loopback address: the audit tries to poison caches, so it only runs ` +
    'against your own app on 127.0.0.0/8, ::1 or localhost, or in process',
  WEIR_AUDIT_UNREACHABLE: (what: string) =>
    `${what}: check that the app runs and that the address is right`,
  WEIR_AUDIT_NO_ROUTES: (what: string) =>
    `No GET route of ${what} was found: give routes with example URLs, or the OpenAPI description`,
  WEIR_AUDIT_FINDINGS: (what: string) => what
} as const

export type AuditErrorCode = keyof typeof messages

/** An error of the audit. `code` is stable; the message is for people. */
export class AuditError extends Error {
  override readonly name = 'AuditError'

  constructor (readonly code: AuditErrorCode, what: string, options?: ErrorOptions) {
    super(messages[code](what), options)
  }
}
