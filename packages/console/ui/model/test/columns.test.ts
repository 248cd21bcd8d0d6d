import t from 'tap'
import { type HistoryPoint, type Tick } from '../api.js'
import { columns, gapAfter, historyParts, samplesOf, stacked } from '../columns.js'

const POINT: HistoryPoint = {
  at: 0,
  requests: 0,
  hits: 0,
  misses: 0,
  stale: 0,
  coalesced: 0,
  bypassed: 0,
  limited: 0,
  errors: 0,
  shared: 0,
  notModified: 0,
  bytes: 0,
  savedMs: 0,
  hitRatio: null,
  outcomes: {},
  p50: 1,
  p99: 2,
  hitP50: null,
  missP50: null
}

t.test('a hole between rows is a gap', async (t) => {
  const rows = [{ at: 1000, n: 1 }, { at: 2000, n: 2 }, { at: 9000, n: 3 }]
  t.strictSame(columns(rows, [({ n }) => n, () => undefined], 2500), {
    x: [1000, 2000, 2001, 9000],
    series: [[1, 2, null, 3], [null, null, null, null]]
  })
  t.strictSame(columns([], [() => 1], 1000), { x: [], series: [[]] })
})

t.test('areas on top of each other', async (t) => {
  t.strictSame(
    stacked([
      [1, 2, null],
      [10, 0, null],
      [100, 1, null]
    ]),
    [
      [1, 2, null],
      [11, 2, null],
      [111, 3, null]
    ]
  )
  t.strictSame(stacked([]), [])
})

t.test(
  'live charts begin with whole minutes of history and go on with ticks, all as rates',
  async (t) => {
    const MINUTE = 60_000
    const latency = { hit: { p50: 1, p99: 2 }, all: { p50: 1, p99: 3 } }
    const rest = {
      connected: true,
      hitRatio: 1,
      shared: 0,
      latency,
      limited: 0,
      redis: null,
      instances: []
    }
    const tick = (at: number): Tick => ({
      ...rest,
      at,
      savedMs: 4,
      requests: 50,
      requestsPerSecond: 25,
      outcomes: { l1: 40 }
    })
    const point = (at: number): HistoryPoint => ({
      ...POINT,
      at,
      requests: 90,
      savedMs: 120,
      hitRatio: 0.8,
      outcomes: { l1: 30, miss: 60 },
      hitP50: 5,
      missP50: 6
    })
    const points = [0, 1, 2].map((minute) => point(minute * MINUTE))
    const samples = samplesOf(points, [tick(2.5 * MINUTE), tick(2.5 * MINUTE + 1000)], 9 * MINUTE)
    t.strictSame(
      samples.map(({ at }) => at / MINUTE),
      [0.5, 1.5, 2.5, 2.5 + 1 / 60],
      'the minute of the first tick is not whole'
    )
    t.match(samples[0], {
      rates: { l1: 0.5, miss: 1 },
      savedMs: 2,
      hitP50: 5,
      missP50: 6,
      p99: 2,
      hitRatio: 0.8
    })
    t.match(samples[2], {
      rates: { l1: 20 },
      savedMs: 2,
      hitP50: 1,
      missP50: null,
      p99: 3,
      hitRatio: 1
    })
    t.match(
      samplesOf(
        [],
        [{ ...tick(0), requests: 0, requestsPerSecond: 0, outcomes: {}, savedMs: 0 }],
        0
      ),
      [{ rates: {}, savedMs: 0 }]
    )
    t.equal(samplesOf(points, [], 2 * MINUTE).length, 2, 'without a tick, until now')
    const quiet = [{ ...POINT, at: 0 }, point(MINUTE), { ...POINT, at: 2 * MINUTE }]
    t.strictSame(
      samplesOf(quiet, [], 9 * MINUTE).map(({ at }) => at / MINUTE),
      [1.5, 2.5],
      'from the first request on'
    )
    t.strictSame(samplesOf([{ ...POINT, at: 0 }], [], 9 * MINUTE), [])
    t.strictSame(columns(samples, [({ rates }) => rates.l1], gapAfter).series, [
      [0.5, 0.5, 20, 20]
    ])
    t.strictSame(
      columns(samplesOf([point(0)], [tick(9 * MINUTE)], 0), [({ rates }) => rates.l1], gapAfter)
        .series,
      [[0.5, null, 20]]
    )
  }
)

t.test('parts of a minute', async (t) => {
  const point = {
    ...POINT,
    requests: 50,
    hits: 20,
    misses: 5,
    stale: 3,
    coalesced: 7,
    bypassed: 4,
    limited: 2,
    errors: 1
  }
  t.strictSame(Object.values(historyParts).map((part) => part(point)), [20, 7, 3, 5, 4, 8, 2, 1])
})
