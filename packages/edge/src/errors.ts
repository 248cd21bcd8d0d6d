/** Every failure of this package, by code. The message says what to do about it. */
const messages = {
  WEIR_EDGE_INVALID_OPTION: (what: string) => what,
  WEIR_EDGE_UNREACHABLE: (what: string) =>
    `${what}: the purge is retried, check that the destination is up and its address is right`,
  WEIR_EDGE_REFUSED: (what: string) =>
    `${what}: it is not repeated, correct the cause and redeliver its dead letter with ` +
    'edge.retry()',
  WEIR_EDGE_LIMITED: (what: string) => `${what}: purges wait until the limit allows more`,
  WEIR_EDGE_STOPPED: (what: string) => `${what} after stop(): create another edge`,
  WEIR_EDGE_NOT_ATTACHED: (what: string) =>
    `${what} before an outbox has the edge: pass it to createOutbox({ edge })`
} as const

export type EdgeErrorCode = keyof typeof messages

/** An error of the edge. `code` is stable; the message is for people. */
export class EdgeError extends Error {
  override readonly name = 'EdgeError'
  /** Milliseconds after which the destination accepts calls again; undefined if unknown. */
  readonly retryAfter: number | undefined
  /** HTTP status of the destination's answer; undefined without one. */
  readonly status: number | undefined

  constructor (
    readonly code: EdgeErrorCode,
    what: string,
    { retryAfter, status, ...options }: ErrorOptions & { retryAfter?: number, status?: number } = {}
  ) {
    super(messages[code](what), options)
    this.retryAfter = retryAfter
    this.status = status
  }

  /** True if a repetition of the same call would fail again. */
  get isPermanent (): boolean {
    return this.code === 'WEIR_EDGE_REFUSED'
  }
}

/** Returns the message of whatever was thrown, within the length of a dead letter. */
export const reasonOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).slice(0, 1000)
