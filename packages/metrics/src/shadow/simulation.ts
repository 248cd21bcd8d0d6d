import { SHADOW_TTLS_MS } from './finding.js'
import { type Skipped } from './pace.js'

const COUNT = SHADOW_TTLS_MS.length
/** Minimum interval between two hashed bodies of one URL, ms. */
export const PROBE_EVERY = 50
/** Longest time since a body was hashed for which it counts as current, for each lifetime, ms. */
const TOLERANCES = SHADOW_TTLS_MS.map((ttl) => Math.max(PROBE_EVERY, ttl / 50))
const UNKNOWN = -1

/** Sums over all keys of a route. */
export interface SimulatedCounts {
  readonly hits: number[]
  readonly judged: number[]
  readonly stale: number[]
}

export const emptyCounts = (): SimulatedCounts => ({
  hits: zeros(),
  judged: zeros(),
  stale: zeros()
})

const zeros = () => Array.from({ length: COUNT }, () => 0)

/** Whether a lifetime's entry was served stale by the last request, as far as that is known. */
const [UNJUDGED, CURRENT, STALE] = [0, 1, 2]

/** Entries that caches with each of the lifetimes would have for one key. */
export class SimulatedEntry {
  /** Hash of the latest body, and when it was sent. */
  body = UNKNOWN
  probedAt = -Infinity
  /** Number of requests of the route when the first body was complete. */
  storedAt: number | undefined
  readonly #filledAt = Array.from({ length: COUNT }, () => -Infinity)
  readonly #filled = Array.from({ length: COUNT }, () => UNKNOWN)
  readonly #verdicts = Array.from({ length: COUNT }, () => UNJUDGED)

  /** Takes a request into account. If its body was hashed, `body` is set before. */
  request (now: number, weight: number, { hits, judged, stale }: SimulatedCounts): void {
    const age = now - this.probedAt
    for (let i = 0; i < COUNT; i++) {
      const body = age <= (TOLERANCES[i] ?? 0) ? this.body : UNKNOWN
      if (now - (this.#filledAt[i] ?? 0) >= (SHADOW_TTLS_MS[i] ?? 0)) {
        this.#filledAt[i] = now
        this.#filled[i] = body
        this.#verdicts[i] = body === UNKNOWN ? UNJUDGED : CURRENT
        continue
      }
      const filled = this.#filled[i]
      this.#verdicts[i] = body === UNKNOWN || filled === UNKNOWN
        ? UNJUDGED
        : body === filled ? CURRENT : STALE
      this.#hit(i, weight, hits, judged, stale)
    }
  }

  /**
   * Takes requests into account that were skipped before the one that follows now. As many of them
   * were misses as lifetimes, each with the wait for the next request, fit into the time since the
   * entry expired.
   * @param weight of all of them
   */
  repeat (
    weight: number,
    now: number,
    { count, within }: Skipped,
    { hits, judged, stale }: SimulatedCounts
  ): void {
    const wait = within / (count + 1)
    for (let i = 0; i < COUNT; i++) {
      const cycle = (SHADOW_TTLS_MS[i] ?? 0) + wait
      const late = Math.min(within, now - (this.#filledAt[i] ?? 0) - cycle)
      const misses = late <= 0 ? 0 : Math.min(1, late / cycle / count)
      this.#hit(i, weight * (1 - misses), hits, judged, stale)
    }
  }

  #hit (i: number, weight: number, hits: number[], judged: number[], stale: number[]): void {
    hits[i] = (hits[i] ?? 0) + weight
    const verdict = this.#verdicts[i]
    if (verdict === UNJUDGED) return
    judged[i] = (judged[i] ?? 0) + weight
    if (verdict === STALE) stale[i] = (stale[i] ?? 0) + weight
  }
}
