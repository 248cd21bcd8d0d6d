import { LATENCY_BOUNDS_MS, type Series } from './record.js'

const BOUNDS = Float64Array.from(LATENCY_BOUNDS_MS)

/**
 * The requests of one route with one outcome, since the process began. On the path of each request:
 * fields that are added to, and nothing that has to be allocated.
 */
export class Tally {
  count = 0
  shared = 0
  notModified = 0
  bytes = 0
  savedMicros = 0
  latencySumMicros = 0
  readonly #latency = new Float64Array(BOUNDS.length + 1)

  /** @param ms how long it took, from request to response */
  add (ms: number, bytes: number): void {
    this.count++
    this.bytes += bytes
    this.latencySumMicros += Math.round(ms * 1000)
    // Not by halves: what is asked for most takes least, and is found at once.
    let bucket = 0
    while (bucket < BOUNDS.length && ms > (BOUNDS[bucket] ?? 0)) bucket++
    this.#latency[bucket] = (this.#latency[bucket] ?? 0) + 1
  }

  /** What it is now, which later requests do not change. */
  copy (): Series {
    const { count, shared, notModified, bytes, savedMicros, latencySumMicros } = this
    return {
      count,
      shared,
      notModified,
      bytes,
      savedMicros,
      latencySumMicros,
      latency: Array.from(this.#latency)
    }
  }
}
