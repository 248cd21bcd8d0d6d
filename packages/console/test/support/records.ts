import {
  emptySeries,
  type InstanceState,
  LATENCY_BOUNDS_MS,
  type MinuteRecord,
  type Outcome,
  type Series
} from '@weir/metrics'

/** Returns a series of requests that took this long each (ms). */
export function series (
  count: number,
  more: Partial<Omit<Series, 'count' | 'latency'>> & { ms?: number } = {}
): Series {
  const { ms = 1, ...rest } = more
  const bucket = LATENCY_BOUNDS_MS.findIndex((bound) => ms <= bound)
  const empty = emptySeries()
  return {
    ...empty,
    count,
    latencySumMicros: count * ms * 1000,
    ...rest,
    latency: empty.latency.map((_, i) => (i === bucket ? count : 0))
  }
}

/** Returns a record of an instance; of one route, unless `more` overrides it. */
export function record (
  minute: number,
  seq: number,
  outcomes: Partial<Record<Outcome, Series>>,
  more: Partial<MinuteRecord> = {}
): MinuteRecord {
  return {
    run: 'run-1',
    service: 'catalog',
    instance: 'catalog-1',
    minute,
    seq,
    routes: [{ route: 'GET /api/products', outcomes, reasons: {} }],
    filledBy: {},
    denials: [],
    ...more
  }
}

/** Returns a state of the instance of `record`. */
export function state (at: number, more: Partial<InstanceState> = {}): InstanceState {
  return {
    run: 'run-1',
    service: 'catalog',
    instance: 'catalog-1',
    pid: 4711,
    node: '20.20.2',
    startedAt: at - 1000,
    at,
    rssBytes: 100_000_000,
    heapBytes: 50_000_000,
    eventLoopDelayMs: 1.5,
    l1: { entries: 3, bytes: 4096, evictions: 1 },
    invalidations: [],
    ...more
  }
}
