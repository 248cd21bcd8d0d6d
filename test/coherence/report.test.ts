import t from 'tap'
import { type Counts, noCounts } from './counts.js'
import type { Violation } from './judge.js'
import { report, verdict } from './report.js'
import type { Outcome } from './run.js'

const violation: Violation = {
  read: { resource: 3, version: 1, instance: 'b', begin: 5000, end: 5002, cacheStatus: 'b; hit' },
  told: { by: 'write', version: 2, instance: 'a', at: 4990, cacheStatus: '', began: Infinity }
}

/** A run of a minute without problems. */
function good (changed: Partial<Outcome> = {}, counts: Partial<Counts> = {}): Outcome {
  const { workloads, ...none } = noCounts()
  return {
    seconds: 120,
    counts: {
      ...none,
      reads: 100_000,
      hits: 70_000,
      writes: 1000,
      unacknowledged: 3,
      unanswered: 20,
      workloads: {
        ...workloads,
        versions: { reads: 60_000, hits: 50_000, standIns: 0, writes: 900 },
        failures: { reads: 40_000, hits: 20_000, standIns: 7, writes: 100 }
      },
      ...counts
    },
    incidents: [
      { kind: 'redis-full', target: 'Redis', begin: 4000, end: 4500, reads: 50, writes: 2 },
      { kind: 'link-cut', target: 'a', begin: 1, end: 2, reads: 1, writes: 0 }
    ],
    violations: [],
    problems: [],
    records: new Map([['weir:{a}:tags', 300]]),
    deaths: [],
    ...changed
  }
}

const full = { whileFull: 1 }
const asked = {
  seed: '7',
  seconds: 120,
  faults: ['redis-full', 'link-cut'],
  workloads: ['versions', 'failures']
} as const

t.test('a run without problems', async (t) => {
  t.strictSame(verdict(good({}, full), asked), [])
  const text = report(good({}, full), asked)
  t.match(text, /^100000 reads checked in 120\.0 s \(833\/s\), 70 % of them hits/)
  t.match(text, /^ {2}failures: 40000 reads, 50 % hits, 7 in place of an error, 100 writes$/m)
  t.match(text, /^ {2}redis-full: 1 times, 50 reads and 2 writes meanwhile$/m)
  t.match(text, /^most records: weir:\{a\}:tags 300$/m)
})

t.test('runs that fail, or prove nothing', async (t) => {
  const { workloads } = good().counts
  const without = (name: 'versions' | 'failures', changed: object) => ({
    ...full,
    workloads: { ...workloads, [name]: { ...workloads[name], ...changed } }
  })
  const cases: [Outcome, RegExp][] = [
    [good({ violations: [violation] }, full), /no longer true/],
    [good({ problems: ['too many'] }, full), /without bounds/],
    [good({ deaths: ['a ended'] }, full), /ended by itself/],
    [good({}, { ...full, failedReads: 1 }), /answered with errors/],
    [good({}, { ...full, refused: 1 }), /were refused/],
    [good({}, { ...full, writes: 10 }), /too few writes/],
    [good({}, { ...full, reads: 100, hits: 90 }), /too few reads/],
    [good({}, { ...full, hits: 1000 }), /too few of the reads were hits/],
    [good({ incidents: [] }, full), /never came to redis-full, link-cut$/],
    [good({}, without('versions', { reads: 99 })), /never came to versions$/],
    [good({}, without('failures', { writes: 9 })), /never came to failures$/],
    [good({}, without('failures', { standIns: 0 })), /never came to stale failures$/],
    [good(), /never came to an invalidation with Redis full$/]
  ]
  for (const [outcome, problem] of cases) {
    const found = verdict(outcome, asked)
    t.equal(found.length, 1)
    t.match(found[0], problem)
  }
  t.strictSame(
    verdict(good({ seconds: 60, incidents: [] }), asked),
    [],
    'a short run need not have had each fault'
  )
})

t.test('a destination of purges', async (t) => {
  const staleness = {
    confirmed: { writes: 900, stale: 3, p50: 4.4, p99: 99.6, max: 120 },
    unconfirmed: { writes: 7, stale: 0, p50: 0, p99: 0, max: 0 }
  }
  const used = { ...full, edgeReads: 70_000, edgeHits: 60_000 }
  const nginx = { ...asked, edge: 'nginx' } as const
  t.match(report(good({ staleness }, used), nginx),
    '70000 of the reads answered by nginx\n' +
    '60000 of the reads answered by nginx alone\n' +
    '  stale after the confirmation: 3 of 900 writes, for p50 4, p99 100, max 120 ms\n' +
    '  stale after an acknowledgement without confirmation: 0 of 7 writes\n')
  const region = { ...asked, edge: 'region' } as const
  const text = report(good({ staleness }, used), region)
  t.match(text, /^70000 of the reads answered by the other region\n {2}stale after the ack/m)
  t.strictSame(verdict(good({}, used), nginx), [])
  t.strictSame(verdict(good({}, { ...used, edgeHits: 0 }), region), [])
  t.match(verdict(good({}, { ...used, edgeHits: 0 }), nginx), ['nginx answered no read alone'])
  t.match(verdict(good({}, { ...used, edgeReads: 9 }), nginx), [/too few reads went to the edge/])
})

t.test('a violation is shown with all its circumstances', async (t) => {
  const text = report(good({ violations: [violation] }), asked)
  t.match(
    text,
    '1 violations: errors 1\n' +
      "  errors 3: b answered with version 1, though a had acknowledged 2 at -10.0 ms from the read's beginning\n" +
      '    it ended at 2.0 ms; Cache-Status: b; hit\n' +
      '    redis-full Redis: -1000.0 ms to -500.0 ms\n'
  )
  const again = report(good({ violations: [violation, violation] }), asked)
  t.match(again, /^2 violations: errors 2$/m)
  t.equal(again.match(/answered with version 1/g)?.length, 1, 'the same resource is shown once')
})
