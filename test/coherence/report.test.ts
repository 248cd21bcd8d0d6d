import t from 'tap'
import type { Violation } from './judge.js'
import { report, verdict } from './report.js'
import type { Outcome } from './run.js'

const violation: Violation = {
  read: { resource: 3, version: 1, instance: 'b', begin: 5000, end: 5002, cacheStatus: 'b; hit' },
  told: { by: 'write', version: 2, instance: 'a', at: 4990, cacheStatus: '' }
}

/** A run of a minute in which all went well. */
function good (changed: Partial<Outcome> = {}, counts: Partial<Outcome['counts']> = {}): Outcome {
  return {
    seconds: 60,
    counts: {
      reads: 100_000,
      hits: 70_000,
      writes: 1000,
      unacknowledged: 3,
      unanswered: 20,
      failedReads: 0,
      failedWrites: 0,
      firstFailures: [],
      ...counts
    },
    incidents: [{ kind: 'redis-frozen', target: 'Redis', begin: 4000, end: 4500 }, { kind: 'link-cut', target: 'a', begin: 1, end: 2 }],
    violations: [],
    deaths: [],
    ...changed
  }
}

const asked = { seed: '7', seconds: 60, faults: ['redis-frozen', 'link-cut'] } as const

t.test('a run in which all went well', async (t) => {
  t.strictSame(verdict(good(), asked), [])
  t.match(report(good(), asked), /^100000 reads checked in 60\.0 s \(1667\/s\), 70 % of them hits/)
  t.match(report(good(), asked), /^2 faults: redis-frozen 1, link-cut 1$/m)
})

t.test('what is wrong with a run, or proves nothing', async (t) => {
  const cases: [Outcome, RegExp][] = [
    [good({ violations: [violation] }), /no longer true/],
    [good({ deaths: ['a ended'] }), /ended by itself/],
    [good({}, { failedReads: 1 }), /answered with errors/],
    [good({}, { writes: 10 }), /too few writes/],
    [good({}, { reads: 100, hits: 90 }), /too few reads/],
    [good({}, { hits: 1000 }), /too few of the reads were hits/],
    [good({ incidents: [] }), /never came to redis-frozen, link-cut/]
  ]
  for (const [outcome, problem] of cases) {
    const found = verdict(outcome, asked)
    t.equal(found.length, 1)
    t.match(found[0], problem)
  }
  t.strictSame(verdict(good({ seconds: 59, incidents: [] }), asked), [], 'a short run need not have had each fault')
})

t.test('a violation is shown with all that was going on', async (t) => {
  const text = report(good({ violations: [violation] }), asked)
  t.match(text, '1 violations\n' +
    '  resource 3: b answered with version 1, though a had acknowledged 2 at -10.0 ms from the read\'s beginning\n' +
    '    it ended at 2.0 ms; Cache-Status: b; hit\n' +
    '    redis-frozen Redis: -1000.0 ms to -500.0 ms\n')
})
