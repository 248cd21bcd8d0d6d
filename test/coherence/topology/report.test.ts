import t from 'tap'
import { noCounts } from '../counts.js'
import { Latencies } from './latencies.js'
import { topologyReport, topologyVerdict } from './report.js'
import type { Period, TopologyOutcome } from './run.js'

const counts = { ...noCounts(), reads: 1000, hits: 500, writes: 100 }

function period (fault: Period['fault'], ...took: number[]): Period {
  const latencies = new Latencies()
  for (const ms of took) latencies.add(ms, `${ms}`)
  return { fault, target: 'node0', begin: 1000, over: 2000, end: 4000, latencies, violations: [] }
}

const good: TopologyOutcome = {
  seconds: 30,
  counts,
  periods: [period('none', 1), period('handed-over', 2, 300), period('handed-over', 900)],
  deaths: [],
  failedProbes: 0
}

const stale: Period = {
  ...period('master-killed', 5),
  violations: [{
    read: {
      resource: 7,
      version: 3,
      instance: 'a',
      begin: 1500,
      end: 1501,
      cacheStatus: 'a; hit'
    },
    told: { by: 'write', version: 4, instance: 'b', cacheStatus: '', at: 1400, began: Infinity }
  }]
}

t.test('a line for each kind of fault, with read latencies', async (t) => {
  const line = topologyReport(good).split('\n').find((line) => line.startsWith('handed-over'))
  t.strictSame(line?.split(/\s+/), [
    'handed-over', '2', '3.0', 's', '0', '0', '3', '300', '900', '900', '2'
  ])
  t.strictSame(topologyVerdict(good), [])
})

t.test('a violation is shown with its fault, and fails the run', async (t) => {
  const outcome = { ...good, periods: [stale] }
  t.match(topologyReport(outcome), 'master-killed node0: 500 ms after its beginning')
  t.match(topologyReport(outcome), 'b had acknowledged 4 100.0 ms before')
  t.strictSame(topologyVerdict(outcome), ['reads returned what was no longer true'])
})

t.test('too little to prove anything', async (t) => {
  const few = { ...counts, hits: 10, writes: 5, failedReads: 1 }
  const outcome = { ...good, counts: few, deaths: ['a'] }
  t.equal(topologyVerdict(outcome).length, 4)
})

t.test('latencies: the slowest read is kept with its description', async (t) => {
  const all = Latencies.of([period('none', 3, 9).latencies, period('none', 4).latencies])
  t.equal(all.count, 3)
  t.equal(all.slowest, '9')
  t.equal(all.quantile(0.5), 4)
  t.equal(all.max, 9)
  t.equal(all.above(3), 2)
  t.equal(new Latencies().max, 0)
})
