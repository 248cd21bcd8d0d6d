import { emptySeries, mergeSeries, type Outcome, quantileMs, type Series } from '@weir/metrics'
import { entriesOf, type Outcomes } from './outcomes.js'

/**
 * Computes the figures of a set of requests. Refills, which no client requested, count only in
 * `refills`.
 */
export function figuresOf (outcomes: Outcomes) {
  const of = (outcome: Outcome) => outcomes[outcome]?.count ?? 0
  const all = total(outcomes)
  const hits = of('l1') + of('l2')
  const cached = hits + of('coalesced') + of('stale')
  return {
    requests: all.count,
    hits,
    hitRatio: cached + of('miss') === 0 ? null : cached / (cached + of('miss')),
    shared: all.shared,
    notModified: all.notModified,
    stale: of('stale'),
    misses: of('miss'),
    coalesced: of('coalesced'),
    bypassed: of('bypass'),
    limited: of('limited'),
    errors: of('error'),
    refills: of('refill'),
    bytes: all.bytes,
    savedMs: all.savedMicros / 1000,
    latency: latencyOf(all),
    hitLatency: latencyOf(hitsOf(outcomes)),
    missLatency: latencyOf(outcomes.miss ?? emptySeries())
  }
}

/** Returns the latency of requests in ms; null if there were none. */
export function latencyOf ({ latency }: Series) {
  return {
    p50: quantileMs(latency, 0.5) ?? null,
    p90: quantileMs(latency, 0.9) ?? null,
    p99: quantileMs(latency, 0.99) ?? null
  }
}

/** Returns the latency of requests by outcome, in ms. */
export const latenciesOf = (outcomes: Outcomes) =>
  Object.fromEntries(entriesOf(outcomes).map(([outcome, series]) => [outcome, latencyOf(series)]))

/** Returns hits from memory and from the store as one series. */
export const hitsOf = ({ l1, l2 }: Outcomes): Series =>
  mergeSeries(l1 ?? emptySeries(), l2 ?? emptySeries())

/** Returns the number of requests by outcome. */
export const countsOf = (outcomes: Outcomes): Partial<Record<Outcome, number>> =>
  Object.fromEntries(entriesOf(outcomes).map(([outcome, { count }]) => [outcome, count]))

const total = (outcomes: Outcomes): Series =>
  entriesOf(outcomes)
    .filter(([outcome]) => outcome !== 'refill')
    .reduce((sum, [, series]) => mergeSeries(sum, series), emptySeries())
