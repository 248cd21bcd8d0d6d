import t from 'tap'
import { postgresOf, sqlite } from '../database.js'
import { problemsOf, type Told } from './history.js'
import { newDatabase } from './new-database.js'
import { check } from './run.js'

t.setTimeout(300_000)

// Seconds for which processes read and write; starting takes longer.
const SECONDS = 3
const seed = Number(process.env['SEED'] ?? Date.now() % 100_000)

const read = (began: number, version: number, isBypass = false): Told => ({
  type: 'read',
  process: 1,
  query: 'row',
  began,
  ended: began + 1,
  rows: { 1: version },
  isBypass
})
const write = (acknowledged: number, version: number): Told => ({
  type: 'write',
  process: 2,
  row: 1,
  version,
  acknowledged
})

t.test('the judge', (t) => {
  t.strictSame(problemsOf([write(1, 2), read(2, 2), read(3, 3)]), [])
  t.strictSame(
    problemsOf([write(2.5, 2), read(2, 1)]),
    [],
    'a read that began before the acknowledgement may have either'
  )
  t.match(problemsOf([read(2, 1), write(1, 2)]), [
    /read version 1 of row 1 .* 1.0 ms after process 2 had an acknowledgement of version 2/
  ])
  t.match(problemsOf([read(4, 1), read(1, 2)]), [/after process 1 had read \(row\) version 2/])
  t.strictSame(
    problemsOf([read(4, 1), read(1, 2, true)]),
    [],
    'a read that bypassed the cache is not settled'
  )
  t.end()
})

for (const engine of [sqlite, await postgresOf(t)]) {
  t.test(
    `${engine.name}, seed ${seed}: no read is older than an acknowledged write, or than an earlier read`,
    async (t) => {
      const { problems, reads, writes, kills } = await check(t, {
        seed,
        seconds: SECONDS,
        ...(await newDatabase(t, engine))
      })
      t.strictSame(problems.slice(0, 5), [])
      t.comment(`${reads} reads, ${writes} writes, ${kills} kills`)
      t.ok(reads > 100 && writes > 10 && kills > 0)
    }
  )
}

t.test('a cache that is notified by the statement, without an outbox, is detected', async (t) => {
  const { problems } = await check(t, {
    seed,
    seconds: 60,
    mutant: 'after-statement',
    ...(await newDatabase(t, sqlite))
  })
  t.match(problems[0], /read version/)
})
