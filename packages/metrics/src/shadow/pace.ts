// Most requests that are skipped in a row, on average.
const MOST = 256

/** Requests that were skipped before an observed one. */
export interface Skipped {
  readonly count: number
  /** Time within which they came, ms. */
  readonly within: number
}

export const NONE: Skipped = { count: 0, within: 0 }

/**
 * Selects the requests for one URL that are observed: about one per interval, at random distances,
 * so that patterns in the traffic do not matter.
 */
export class Pace {
  #left = 0
  #chosen = 0
  #mean = 0
  /** Times of the latest observed request, and of the latest one, ms. */
  #observedAt = -Infinity
  #at = -Infinity

  /**
   * Returns whether to skip a request. After a pause, the first one is observed.
   * @param now ms; the time of the latest observed request for any URL will do
   * @param interval ms between observed requests
   */
  skips (now: number, interval: number): boolean {
    if (this.#left === 0 || now - this.#at > interval) return false
    this.#at = now
    this.#left--
    return true
  }

  /**
   * Takes an observed request into account, and chooses how many to skip after it.
   * @param interval ms between observed requests; 0 observes all
   * @param random number from 0 to 1
   */
  next (now: number, interval: number, random: number): Skipped {
    const count = this.#chosen - this.#left
    const within = this.#at - this.#observedAt
    const rate = (count + 1) / Math.max(now - this.#observedAt, 0.001)
    // Doubled at most, so that a pair of requests does not count as a high rate.
    this.#mean = Math.min(MOST, 2 * this.#mean + 1, Math.max(0, rate * interval - 1))
    this.#chosen = this.#left = Math.floor(random * (2 * this.#mean + 1))
    this.#observedAt = this.#at = now
    return count === 0 ? NONE : { count, within }
  }
}
