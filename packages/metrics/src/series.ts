import { LATENCY_BOUNDS_MS, type Series } from './record.js'

const BUCKETS = LATENCY_BOUNDS_MS.length + 1

/** A series without requests. */
export const emptySeries = (): Series => ({
  count: 0,
  shared: 0,
  notModified: 0,
  bytes: 0,
  savedMicros: 0,
  latencySumMicros: 0,
  latency: Array.from({ length: BUCKETS }, () => 0)
})

/** Adds the requests of both series. */
export const mergeSeries = (a: Series, b: Series): Series => combine(a, b, 1)

/** Subtracts `b`, an earlier state of `a`, from `a`. */
export const subtractSeries = (a: Series, b: Series): Series => combine(a, b, -1)

function combine (a: Series, b: Series, sign: 1 | -1): Series {
  return {
    count: a.count + sign * b.count,
    shared: a.shared + sign * b.shared,
    notModified: a.notModified + sign * b.notModified,
    bytes: a.bytes + sign * b.bytes,
    savedMicros: a.savedMicros + sign * b.savedMicros,
    latencySumMicros: a.latencySumMicros + sign * b.latencySumMicros,
    latency: Array.from(
      { length: BUCKETS },
      (_, i) => (a.latency[i] ?? 0) + sign * (b.latency[i] ?? 0)
    )
  }
}

/**
 * Estimates the latency quantile `q` (0 to 1) in ms.
 *
 * Assumes that requests are evenly spread within a bucket; for the bucket without an upper bound,
 * returns its lower one. Undefined without requests.
 * @param latency see `Series.latency`
 * @example quantileMs(series.latency, 0.99) // 4.2
 */
export function quantileMs (latency: readonly number[], q: number): number | undefined {
  const rank = latency.reduce((sum, count) => sum + count, 0) * Math.min(1, Math.max(0, q))
  let before = 0
  let lower = 0
  let quantile: number | undefined
  for (const [i, count] of latency.entries()) {
    const upper = LATENCY_BOUNDS_MS[i] ?? lower
    if (count > 0) {
      quantile = lower + (upper - lower) * Math.min(1, (rank - before) / count)
      before += count
      if (before >= rank) return quantile
    }
    lower = upper
  }
  return quantile
}
