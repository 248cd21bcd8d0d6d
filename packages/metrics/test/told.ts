import { emptySeries, type InstanceState, type MinuteRecord, type Vitals } from '../src/index.js'

export const vitals = (): Vitals => ({
  rssBytes: 100,
  heapBytes: 50,
  eventLoopDelayMs: 1.5,
  l1: { entries: 1, bytes: 2, evictions: 3 },
  invalidations: []
})

/** The state of a process. */
export const stateOf = (run: string, more: Partial<InstanceState> = {}): InstanceState => ({
  run,
  service: 'shop',
  instance: 'shop-1',
  pid: 1,
  node: '20.20.0',
  startedAt: 1,
  at: Date.now(),
  ...vitals(),
  ...more
})

/** A record with this many requests of one route. */
export const recordOf = (
  run: string,
  minute: number,
  seq: number,
  count: number
): MinuteRecord => ({
  run,
  service: 'shop',
  instance: 'shop-1',
  minute,
  seq,
  routes: [
    { route: 'GET /a', outcomes: { l1: { ...emptySeries(), count } }, reasons: { PRIVATE: count } }
  ],
  filledBy: { 'shop-2': count },
  denials: [{ route: 'GET /a', policy: 'burst', client: 'user:ä', count }],
  caches: [
    { cache: 'fragments', l1: count, l2: 1, coalesced: 2, stale: 3, misses: 4, savedMicros: 5 }
  ]
})

/** Requests by process and minute in the records. */
export const countsOf = (records: readonly MinuteRecord[]): Record<string, number> =>
  Object.fromEntries(
    records.map(
      ({ run, minute, routes }) =>
        [`${run} ${minute}`, routes[0]?.outcomes.l1?.count ?? NaN] as const
    )
  )
