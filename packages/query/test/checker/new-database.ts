import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Kysely } from 'kysely'
import type { Test } from 'tap'
import { type Engine, migrate, type Schema } from '../database.js'
import { ROWS } from './settings.js'

/** Creates a database with the checker's rows, and a folder for the cache. */
export async function newDatabase (t: Pick<Test, 'teardown' | 'testdir'>, engine: Engine) {
  const { dialect, place } = await engine.newDatabase(t)
  const db = new Kysely<Schema>({ dialect: dialect() })
  await migrate(db, engine)
  await db
    .insertInto('categories')
    .values([
      { id: 1, name: 'odd' },
      { id: 2, name: 'even' }
    ])
    .execute()
  await db
    .insertInto('products')
    .values(
      Array.from({ length: ROWS }, (_, i) => ({
        name: `product ${i}`,
        price: 1,
        category_id: (i % 2) + 1
      }))
    )
    .execute()
  await db.destroy()
  const folder = await mkdtemp(join(tmpdir(), 'weir-query-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return { database: place, folder }
}
