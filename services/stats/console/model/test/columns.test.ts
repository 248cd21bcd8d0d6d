import t from 'tap'
import { columns, historyParts, outcomeRate, stacked } from '../columns.js'

t.test('a hole between rows is a gap', async (t) => {
  const rows = [{ at: 1000, n: 1 }, { at: 2000, n: 2 }, { at: 9000, n: 3 }]
  t.strictSame(columns(rows, [({ n }) => n, () => undefined], 2500), {
    x: [1000, 2000, 2001, 9000],
    series: [[1, 2, null, 3], [null, null, null, null]]
  })
  t.strictSame(columns([], [() => 1], 1000), { x: [], series: [[]] })
})

t.test('areas on top of each other', async (t) => {
  t.strictSame(stacked([[1, 2, null], [10, 0, null], [100, 1, null]]), [[1, 2, null], [11, 2, null], [111, 3, null]])
  t.strictSame(stacked([]), [])
})

t.test('outcomes are rates', async (t) => {
  const rest = { at: 0, connected: true, hitRatio: 1, shared: 0, savedMs: 0, latency: {}, limited: 0, redis: null, instances: [] }
  const tick = { ...rest, requests: 50, requestsPerSecond: 25, outcomes: { l1: 40 } }
  t.equal(outcomeRate('l1')(tick), 20)
  t.equal(outcomeRate('miss')(tick), 0)
  t.equal(outcomeRate('l1')({ ...tick, requests: 0, requestsPerSecond: 0 }), 0)
})

t.test('parts of a minute', async (t) => {
  const rest = { at: 0, requests: 50, shared: 0, notModified: 0, bytes: 0, savedMs: 0, hitRatio: 0.8, p50: 1, p99: 2 }
  const point = { ...rest, hits: 20, misses: 5, stale: 3, coalesced: 7, bypassed: 4, limited: 2, errors: 1 }
  t.strictSame(Object.values(historyParts).map((part) => part(point)), [20, 7, 3, 5, 4, 8, 2, 1])
})
