import { join } from 'node:path'
import { ImmediateSqliteDialect, outboxMigration } from '@weir/outbox'
import Database from 'better-sqlite3'
import { Kysely, Migrator } from 'kysely'
import type { Test } from 'tap'
import { edgeMigration, type EdgeSchema } from '../src/index.js'

/** A service's database: its data, the outbox and the edge. */
export interface Schema extends EdgeSchema {
  products: { id: string, version: number }
}

/** Opens a connection to the file. */
export function connect (file: string): Kysely<Schema> {
  const database = new Database(file, { timeout: 5000 })
  database.pragma('journal_mode = WAL')
  return new Kysely<Schema>({ dialect: new ImmediateSqliteDialect({ database }) })
}

/** Creates the tables, and version 1 of the products. */
export async function prepare (file: string, ids: readonly string[]): Promise<void> {
  const db = connect(file)
  await db.schema.createTable('products').ifNotExists()
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('version', 'integer', (column) => column.notNull())
    .execute()
  const provider = {
    getMigrations: async () => ({ '0001-outbox': outboxMigration, '0002-edge': edgeMigration })
  }
  const { error } = await new Migrator({ db, provider }).migrateToLatest()
  if (error !== undefined) throw new Error('not migrated', { cause: error })
  for (const id of ids) await db.insertInto('products').values({ id, version: 1 }).execute()
  await db.destroy()
}

/** A prepared database in a file; connections close after the test. */
export async function newDatabase (t: Test, ids: readonly string[] = ['1']) {
  const file = join(t.testdir(), 'service.db')
  await prepare(file, ids)
  return {
    file,
    connect: () => {
      const db = connect(file)
      t.teardown(() => db.destroy())
      return db
    }
  }
}
