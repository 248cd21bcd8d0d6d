import { emptySeries, mergeSeries, type Outcome, quantileMs, type Series } from '@weir/metrics'
import { entriesOf, type Outcomes } from './outcomes.js'

/** Figures of some requests. Refills, which no client has sent, count in `refills` alone. */
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

/** Latency of requests, ms; null where there were none. */
export function latencyOf ({ latency }: Series) {
  return {
    p50: quantileMs(latency, 0.5) ?? null,
    p90: quantileMs(latency, 0.9) ?? null,
    p99: quantileMs(latency, 0.99) ?? null
  }
}

/** Latency of requests by outcome, ms. */
export const latenciesOf = (outcomes: Outcomes) =>
  Object.fromEntries(entriesOf(outcomes).map(([outcome, series]) => [outcome, latencyOf(series)]))

/** Hits from memory and store as one series. */
export const hitsOf = ({ l1, l2 }: Outcomes): Series =>
  mergeSeries(l1 ?? emptySeries(), l2 ?? emptySeries())

/** Number of requests by outcome. */
export const countsOf = (outcomes: Outcomes): Partial<Record<Outcome, number>> =>
  Object.fromEntries(entriesOf(outcomes).map(([outcome, { count }]) => [outcome, count]))

const total = (outcomes: Outcomes): Series =>
  entriesOf(outcomes)
    .filter(([outcome]) => outcome !== 'refill')
    .reduce((sum, [, series]) => mergeSeries(sum, series), emptySeries())
