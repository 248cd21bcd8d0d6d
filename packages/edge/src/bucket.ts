import { setTimeout as wait } from 'node:timers/promises'

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
      const now = performance.now()
      const missing = Math.max(this.#fullAt, now) + this.#interval - now
      const delay = Math.max(
        this.#pausedUntil - now,
        this.#interval === 0 ? 0 : missing - this.#calls * this.#interval
      )
      if (delay <= 0) {
        this.#fullAt = now + missing
        return
      }
      await wait(Math.ceil(delay), undefined, { signal })
    }
  }

  /** Lets no call begin for some ms, as a destination asks for. */
  pause (ms: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, performance.now() + ms)
  }
}
