// Clocks of two machines run at slightly different rates, and timers fire early.
const MARGIN = 0.05

/**
 * Returns the milliseconds until every lease held now, on any instance, has ended or been renewed.
 */
export const outlasting = (lease: number) => lease * (1 + MARGIN)

/**
 * The right to trust the cache, on the local monotonic clock.
 *
 * It lasts `length` ms from the *start* of the last poll that left nothing undelivered. It ends
 * without any action, even with a stalled event loop or an unresponsive database.
 */
export class Lease {
  #since = -Infinity
  #ended = false

  constructor (readonly length: number) {}

  holds (): boolean {
    return performance.now() - this.#since <= this.length
  }

  /**
   * `since`: the start of the poll. A poll that answers late renews nothing, because the lease
   * counts from then.
   */
  renew (since: number): void {
    if (!this.#ended && since > this.#since) this.#since = since
  }

  /** Ends the lease permanently: a poll in progress does not restore it. */
  end (): void {
    this.#ended = true
    this.#since = -Infinity
  }
}
