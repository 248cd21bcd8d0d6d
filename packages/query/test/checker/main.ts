// node packages/query/dist/test/checker/main.js [SECONDS] [SEED] [sqlite | postgres]
// [after-statement]
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { postgresOf, sqlite } from '../database.js'
import { newDatabase } from './new-database.js'
import { check } from './run.js'

const [, , seconds = '60', seed = String(Date.now() % 100_000), name = 'sqlite', mutant] =
  process.argv
const ends: (() => unknown)[] = []
const folder = mkdtempSync(join(tmpdir(), 'weir-query-'))
const t = { teardown: (end: () => unknown) => { ends.unshift(end) }, testdir: () => folder }
t.teardown(() => { rmSync(folder, { recursive: true, force: true }) })
try {
  const engine = name === 'postgres' ? await postgresOf(t) : sqlite
  const run = { seed: Number(seed), seconds: Number(seconds), ...await newDatabase(t, engine) }
  const { problems, ...counts } = await check(
    t,
    mutant === 'after-statement' ? { ...run, mutant } : run
  )
  console.log(`${engine.name}, seed ${seed}:`, counts)
  for (const problem of problems.slice(0, 20)) console.log(problem)
  if (problems.length > 0) process.exitCode = 1
} finally {
  for (const end of ends) await end()
}
