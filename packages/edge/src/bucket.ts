import { setTimeout as wait } from 'node:timers/promises'

/** Longest pause that a destination gets, in ms: a wrong date must not stop its purges. */
const LONGEST_PAUSE = 3_600_000

/** A token bucket: `calls` at once, refilled evenly over `per` ms, and a pause on request. */
export class Bucket {
  readonly #calls: number
  readonly #interval: number
  /** When the bucket would be full again, on the monotonic clock, in ms. */
  #fullAt = -Infinity
  #pausedUntil = -Infinity

  constructor (limit: { readonly calls: number, readonly per: number } | undefined) {
    this.#calls = limit?.calls ?? Infinity
    this.#interval = limit === undefined ? 0 : limit.per / limit.calls
  }

  /** Takes a token, and resolves when it may be used. Rejects when the signal aborts. */
  async take (signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted()
      const delay = this.delay()
      if (delay <= 0) {
        this.#fullAt = Math.max(this.#fullAt, performance.now()) + this.#interval
        return
      }
      await wait(Math.ceil(delay), undefined, { signal })
    }
  }

  /** Returns the ms until a call may begin; 0 or less: now. */
  delay (): number {
    const now = performance.now()
    if (this.#interval === 0) return this.#pausedUntil - now
    const missing = Math.max(this.#fullAt, now) + this.#interval - now
    return Math.max(this.#pausedUntil - now, missing - this.#calls * this.#interval)
  }

  /** Lets no call begin for some ms, as a destination asks for: at most an hour. */
  pause (ms: number): void {
    if (Number.isNaN(ms)) return
    const end = performance.now() + Math.min(LONGEST_PAUSE, ms)
    this.#pausedUntil = Math.max(this.#pausedUntil, end)
  }
}
