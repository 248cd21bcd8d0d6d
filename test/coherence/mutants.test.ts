import t from 'tap'
import { tempDir } from '../support/temp-dir.js'
import '../support/uncounted.js'
import { bundleInstance } from './bundle-instance.js'
import { type Mutant, MUTANTS } from './mutants.js'
import { run } from './run.js'

// Most are found within a few seconds on an otherwise idle machine.
const MOST_SECONDS = 120

/**
 * Number of resources, and the longest pause of a writer in ms. A miss ends a lease on the file, so
 * memory is used under a lease only where there are many hits per write.
 */
const PACE = {
  redis: { versions: 16, writePause: 60 },
  sqlite: { versions: 4, writePause: 400 },
  // Time for a resource to stay stale before it is written again.
  edge: { versions: 32, writePause: 2000 }
} as const

t.setTimeout(MUTANTS.length * MOST_SECONDS * 1000)

/** Two instances and few resources, so that violations show soon. */
async function check (
  program: string,
  {
    store = 'redis',
    database,
    edge,
    faults,
    workloads,
    pause
  }: Pick<Mutant, 'store' | 'database' | 'edge' | 'faults' | 'workloads' | 'pause'>,
  seconds: number
) {
  return run({
    program,
    store,
    ...(database !== undefined && { database }),
    faults,
    workloads,
    pause,
    seconds,
    seed: 'mutants',
    processes: 2,
    edge,
    ...PACE[edge === undefined ? store : 'edge'],
    untilViolation: true
  })
}

for (const mutant of MUTANTS) {
  t.test(`found wrong: ${mutant.rule}`, async (t) => {
    const program = await bundleInstance(await tempDir(t), mutant)
    const { violations, problems, seconds, deaths, counts } = await check(
      program,
      mutant,
      MOST_SECONDS
    )
    t.strictSame(deaths, [])
    if (mutant.shows === undefined) { t.ok(violations.length > 0, 'by a read that returned less than had been told', { counts }) } else t.match(problems.join('\n'), mutant.shows, 'by what it leaves behind', { counts })
    t.comment(`after ${seconds.toFixed(1)} s, ${counts.reads} reads and ${counts.writes} writes`)
  })
}

for (const store of ['redis', 'sqlite'] as const) {
  t.test(`found right, by the same check: nothing is changed, over ${store}`, async (t) => {
    const distinct = <T>(lists: readonly (readonly T[])[]) => [...new Set(lists.flat())]
    const mutants = MUTANTS.filter((mutant) => (mutant.store ?? 'redis') === store)
    const faults = distinct(mutants.map(({ faults }) => faults))
    const workloads = distinct(mutants.map(({ workloads }) => workloads))
    const build = await bundleInstance(await tempDir(t))
    const outcome = await check(build, { store, faults, workloads, pause: 500 }, 15)
    t.strictSame(outcome.violations, [])
    t.strictSame(outcome.problems, [])
    t.strictSame(outcome.deaths, [])
    t.equal(outcome.counts.failedReads, 0)
    t.equal(outcome.counts.refused, 0, outcome.counts.firstFailures.join('\n'))
    for (const fault of faults) t.ok(outcome.incidents.some(({ kind }) => kind === fault), fault)
  })
}

t.test('a mutant that does not match the code is an error', async (t) => {
  const [mutant] = MUTANTS
  const strange: Mutant | undefined = mutant && { ...mutant, from: 'text that does not occur' }
  await t.rejects(bundleInstance(await tempDir(t), strange), {
    message: /is in .* 0 times, not once/
  })
})
