import { join } from 'node:path'
import { type Kysely } from 'kysely'
import { type Test } from 'tap'
import { openDatabase } from '../../src/db/open.js'
import { type StatsSchema } from '../../src/db/schema.js'
import { countsOf } from '../../src/figures.js'
import { readTotal } from '../../src/history/read.js'
import { type Part } from '../../src/history/range.js'
import { tempDir } from './temp-dir.js'

/** Opens a database, new unless a file is given, and closes it with the test. */
export async function database (t: Test, file?: string): Promise<Kysely<StatsSchema>> {
  const db = await openDatabase(file ?? join(await tempDir(t), 'stats.db'))
  t.teardown(() => db.destroy())
  return db
}

/** Returns the number of requests by outcome over all time, by minutes and by hours. */
export async function totals (db: Kysely<StatsSchema>) {
  const ever = (step: Part['step']) => [{ step, first: 0, end: Number.MAX_SAFE_INTEGER }]
  return {
    minutes: countsOf(await readTotal(db, ever('minute'))),
    hours: countsOf(await readTotal(db, ever('hour')))
  }
}
