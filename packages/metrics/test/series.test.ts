import t from 'tap'
import { emptySeries, LATENCY_BOUNDS_MS, mergeSeries, quantileMs } from '../src/index.js'
import { subtractSeries } from '../src/series.js'
import { Tally } from '../src/tally.js'

function seriesOf (...requests: [ms: number, bytes: number][]) {
  const tally = new Tally()
  for (const [ms, bytes] of requests) tally.add(ms, bytes)
  return tally.copy()
}

t.test('series can be added, and the difference of two is the change in between', async (t) => {
  const [a, b] = [
    seriesOf([0.15, 100], [20, 1]),
    { ...seriesOf([0.15, 10]), shared: 1, notModified: 1, savedMicros: 7 }
  ]
  const both = mergeSeries(a, b)
  t.match(both, {
    count: 3,
    bytes: 111,
    latencySumMicros: 20_300,
    shared: 1,
    notModified: 1,
    savedMicros: 7
  })
  t.strictSame(both.latency.filter((count) => count > 0), [2, 1])
  t.strictSame(subtractSeries(both, a), b)
  t.strictSame(mergeSeries(emptySeries(), a), a)
  t.equal(emptySeries().latency.length, LATENCY_BOUNDS_MS.length + 1)
})

t.test(
  'a bucket counts durations up to its bound, and the last one all longer ones',
  async (t) => {
    const bucketOf = (ms: number) => seriesOf([ms, 0]).latency.indexOf(1)
    t.equal(bucketOf(0), 0)
    LATENCY_BOUNDS_MS.forEach((bound, i) => {
      t.equal(bucketOf(bound), i)
      t.equal(bucketOf(bound + 0.001), i + 1)
    })
  }
)

t.test('quantiles lie between the bounds of their bucket, by rank', async (t) => {
  t.equal(quantileMs(emptySeries().latency, 0.5), undefined)
  const four = seriesOf([60, 0], [60, 0], [60, 0], [60, 0]).latency
  t.equal(quantileMs(four, 0), 50)
  t.equal(quantileMs(four, 0.5), 62.5)
  t.equal(quantileMs(four, 1), 75)
  const mixed = seriesOf([0.05, 0], [0.05, 0], [0.05, 0], [60, 0]).latency
  t.equal(quantileMs(mixed, 0.75), 0.1, 'not in between where nothing is')
  t.equal(quantileMs(mixed, 0.99), 50 + 25 * 0.96)
  t.equal(quantileMs(seriesOf([99_999, 0]).latency, 0.5), 10_000, 'as much as is known')
  t.equal(quantileMs(four, 7), 75)
})
