import t from 'tap'
import { Presences } from '../src/collector/presence.js'
import { Ticker } from '../src/live/ticker.js'
import { type InstanceState, type MinuteRecord } from '@weir/metrics'
import { record, series, state } from './support/records.js'

const NOW = Date.UTC(2026, 10, 20, 12, 34, 30)
const MINUTE = Math.floor(NOW / 60_000)
const SECOND = 1000

function setUp () {
  const ticker = new Ticker()
  const presences = new Presences()
  return (at: number, records: MinuteRecord[], states: InstanceState[] = []) =>
    ticker.next({ at, records, states, presences: presences.update(states, at) }, at)
}

t.test('a tick has what came since the one before', async (t) => {
  const next = setUp()
  const first = next(NOW, [record(MINUTE, 1, { l1: series(100) })])
  t.match(first, { at: NOW, requests: 0, requestsPerSecond: 0, hitRatio: null })
  const l1 = series(106, { shared: 2, savedMicros: 5000 })
  const tick = next(NOW + 2 * SECOND, [
    record(MINUTE, 2, { l1, miss: series(2, { ms: 100 }), refill: series(1), limited: series(1) })
  ])
  t.match(tick, {
    requests: 9,
    outcomes: { l1: 6, miss: 2, refill: 1, limited: 1 },
    requestsPerSecond: 4.5,
    hitRatio: 0.75,
    shared: 2,
    savedMs: 5,
    limited: 1,
    latency: { all: { p50: Number, p99: Number }, hit: { p50: Number }, l1: {}, miss: {} }
  })
  t.ok((tick.latency.miss?.p50 ?? 0) > 50)
  const nothing = { requests: 0, outcomes: {}, latency: { all: { p50: null, p99: null } } }
  t.match(next(NOW + 3 * SECOND, [record(MINUTE, 2, { l1: series(106) })]), nothing)
  t.match(
    next(NOW + 4 * SECOND, [record(MINUTE, 1, { l1: series(100) })]),
    { requests: 0 },
    'what is late is nothing new'
  )
  t.match(next(NOW + 5 * SECOND, [record(MINUTE, 3, { l1: series(107) })]), { requests: 1 })
})

t.test('minutes turn, and processes come', async (t) => {
  const next = setUp()
  next(NOW, [record(MINUTE, 1, { l1: series(10) })])
  const before = record(MINUTE, 2, { l1: series(12) })
  t.match(next(NOW + 30 * SECOND, [before, record(MINUTE + 1, 1, { l1: series(3) })]), {
    requests: 5
  })
  const another = record(MINUTE + 1, 1, { miss: series(1) }, { run: 'run-2' })
  t.match(next(NOW + 31 * SECOND, [before, record(MINUTE + 1, 1, { l1: series(3) }), another]), {
    requests: 1,
    outcomes: { miss: 1 }
  })
})

t.test('after a gap the rate is that of the minutes that are told of', async (t) => {
  const next = setUp()
  next(NOW, [])
  const at = NOW + 600 * SECOND
  const told = [
    record(MINUTE + 10, 1, { l1: series(90) }),
    record(MINUTE + 5, 1, { l1: series(1000) })
  ]
  t.match(next(at, told), { requests: 90, requestsPerSecond: 1 }, '90 s of 10 minutes')
})

t.test('instances, each with its part', async (t) => {
  const next = setUp()
  const states = [
    state(NOW),
    state(NOW - 60 * SECOND, { run: 'run-2', instance: 'catalog-2' }),
    state(NOW - 3_600_000, { run: 'run-3', instance: 'catalog-3' })
  ]
  next(NOW, [], states)
  const tick = next(NOW + SECOND, [record(MINUTE, 1, { l1: series(3), refill: series(1) })], states)
  t.same(tick.instances, [
    {
      instance: 'catalog-1',
      service: 'catalog',
      alive: true,
      requests: 3,
      outcomes: { l1: 3, refill: 1 }
    },
    { instance: 'catalog-2', service: 'catalog', alive: false, requests: 0, outcomes: {} }
  ])
})

t.test('while the store is gone ticks are empty', async (t) => {
  const ticker = new Ticker()
  const presences = new Presences().update([state(NOW)], NOW)
  ticker.next({ at: NOW, records: [], states: [], presences }, NOW)
  t.match(
    ticker.next(undefined, NOW + 60 * SECOND),
    {
      at: NOW + 60 * SECOND,
      requests: 0,
      requestsPerSecond: 0,
      instances: [{ instance: 'catalog-1', alive: true }]
    },
    'the state of instances is unknown'
  )
})
