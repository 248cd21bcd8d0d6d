// The clocks of two machines do not run at quite the same rate, and timers fire early.
const MARGIN = 0.05

/**
 * How long it takes, in ms, until every lease that is held now, on whichever instance, has ended or
 * been renewed.
 */
export const outlasting = (lease: number) => lease * (1 + MARGIN)

/**
 * The right to trust the cache, on the local monotonic clock: `length` ms from the *beginning* of
 * the last poll that left nothing undelivered. Nothing has to happen for it to end: with a stalled
 * event loop or a silent database it just does.
 */
export class Lease {
  #since = -Infinity
  #ended = false

  constructor (readonly length: number) {}

  holds (): boolean {
    return performance.now() - this.#since <= this.length
  }

  /**
   * `since`: when the poll began. A poll that answers late renews nothing, since it counts from
   * then.
   */
  renew (since: number): void {
    if (!this.#ended && since > this.#since) this.#since = since
  }

  /** For good: a poll still under way does not bring it back. */
  end (): void {
    this.#ended = true
    this.#since = -Infinity
  }
}
