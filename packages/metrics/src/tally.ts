import { LATENCY_BOUNDS_MS, type Series } from './record.js'

const BOUNDS = Float64Array.from(LATENCY_BOUNDS_MS)

/**
 * Requests of one route with one outcome, since the process started.
 *
 * It runs on the path of each request, so it only increments fields and allocates nothing.
 */
export class Tally {
  count = 0
  shared = 0
  notModified = 0
  bytes = 0
  savedMicros = 0
  latencySumMicros = 0
  readonly #latency = new Float64Array(BOUNDS.length + 1)

  /** @param ms duration from request to response */
  add (ms: number, bytes: number): void {
    this.count++
    this.bytes += bytes
    this.latencySumMicros += Math.round(ms * 1000)
    // A linear search: the most frequent requests are the fastest, and found at once.
    let bucket = 0
    while (bucket < BOUNDS.length && ms > (BOUNDS[bucket] ?? 0)) bucket++
    this.#latency[bucket] = (this.#latency[bucket] ?? 0) + 1
  }

  /** Returns the current state, which later requests do not change. */
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
