/** Every failure of this package, by code. The message says what to do about it. */
const messages = {
  WEIR_METRICS_INVALID_OPTION: (what: string) => what,
  WEIR_METRICS_INVALID_QUESTION: (what: string) => what,
  WEIR_METRICS_NO_ANSWER: (what: string) =>
    `The store has not answered within ${what} ms: the counts are reported again, and count once`
} as const

export type MetricsErrorCode = keyof typeof messages

/** An error of the metrics. `code` is stable; the message is for people. */
export class MetricsError extends Error {
  override readonly name = 'MetricsError'

  constructor (readonly code: MetricsErrorCode, what: string) {
    super(messages[code](what))
  }
}
