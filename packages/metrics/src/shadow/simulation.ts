import { SHADOW_TTLS_MS } from './finding.js'

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

/** Entries that caches with each of the lifetimes would have for one key. */
export class SimulatedEntry {
  /** Hash of the latest body, and when it was sent. */
  body = UNKNOWN
  probedAt = -Infinity
  readonly #filledAt = Array.from({ length: COUNT }, () => -Infinity)
  readonly #filled = Array.from({ length: COUNT }, () => UNKNOWN)

  /** Takes a request into account. If its body was hashed, `body` is set before. */
  request (now: number, weight: number, { hits, judged, stale }: SimulatedCounts): void {
    const age = now - this.probedAt
    for (let i = 0; i < COUNT; i++) {
      const body = age <= (TOLERANCES[i] ?? 0) ? this.body : UNKNOWN
      if (now - (this.#filledAt[i] ?? 0) >= (SHADOW_TTLS_MS[i] ?? 0)) {
        this.#filledAt[i] = now
        this.#filled[i] = body
        continue
      }
      hits[i] = (hits[i] ?? 0) + weight
      const filled = this.#filled[i]
      if (body === UNKNOWN || filled === UNKNOWN) continue
      judged[i] = (judged[i] ?? 0) + weight
      if (body !== filled) stale[i] = (stale[i] ?? 0) + weight
    }
  }
}
