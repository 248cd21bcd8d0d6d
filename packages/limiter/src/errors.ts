/** Every failure of this package, by code. The message says what to do about it. */
const messages = {
  WEIR_LIMITER_INVALID_POLICY: (what: string) => what,
  WEIR_LIMITER_INVALID_OPTION: (what: string) => what,
  WEIR_LIMITER_INVALID_KEY: (what: string) => what,
  WEIR_LIMITER_INVALID_COST: (what: string) => `cost ${what}: use a positive integer`,
  WEIR_LIMITER_COST_TOO_HIGH: (what: string) =>
    `${what}, so that it could never be allowed: lower the cost, or raise the policy's burst or limit`,
  WEIR_LIMITER_STORE_UNAVAILABLE: (what: string) =>
    `${what} has not answered, and gets no requests for a moment`,
  WEIR_LIMITER_STORE_FAILED: (what: string) =>
    `The store did not ${what}: see the cause; nothing was done`
} as const

export type LimiterErrorCode = keyof typeof messages

/** An error of the limiter. `code` is stable; the message is for people. */
export class LimiterError extends Error {
  override readonly name = 'LimiterError'

  constructor (readonly code: LimiterErrorCode, what: string, options?: ErrorOptions) {
    super(messages[code](what), options)
  }
}
