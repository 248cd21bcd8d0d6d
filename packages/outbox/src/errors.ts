/** Every failure of this package, by code. The message says what to do about it. */
const messages = {
  WEIR_OUTBOX_INVALID_OPTION: (what: string) => what,
  WEIR_OUTBOX_INVALID_TAG: (what: string) =>
    `${what} is not a tag: use a non-empty string of well-formed Unicode`,
  WEIR_OUTBOX_INVALID_KEY: (what: string) =>
    `${what} is not a key: use a non-empty string of well-formed Unicode`,
  WEIR_OUTBOX_INVALID_VALUE: (what: string) =>
    `${what} is not JSON data: use plain objects, arrays, strings, finite numbers, booleans or null`,
  WEIR_OUTBOX_NO_TRANSACTION: (what: string) =>
    `${what} received a database instead of a transaction: the invalidation must commit with the data, so pass the transaction that writes it`,
  WEIR_OUTBOX_INVALID_ROW: (what: string) =>
    `Row ${what} of the outbox cannot be read, so the cache stays unused: clear the cache, then delete the row`,
  WEIR_OUTBOX_FULL: (what: string) =>
    `${what} keys are already waiting to be written: try again later, and find out why the destination accepts none, or raise maxPending`,
  WEIR_OUTBOX_UNWRITABLE: (what: string) => `${what} can never be written`,
  WEIR_OUTBOX_LOST: (what: string) =>
    `Another instance has taken over writes of ${what}: it writes them`,
  WEIR_OUTBOX_TIMEOUT: (what: string) => what,
  WEIR_OUTBOX_STOPPED: (what: string) => `${what} was called after stop(): create another one`
} as const

export type OutboxErrorCode = keyof typeof messages

/** An error of the outbox. `code` is stable; the message is for people. */
export class OutboxError extends Error {
  override readonly name = 'OutboxError'

  constructor (readonly code: OutboxErrorCode, what: string, options?: ErrorOptions) {
    super(messages[code](what), options)
  }
}

/** Creates the error of a late answer. @param ms time that was waited */
export const timedOut = (subject: string, ms: number) => (): OutboxError =>
  new OutboxError('WEIR_OUTBOX_TIMEOUT', `${subject} did not answer within ${ms} ms`)
