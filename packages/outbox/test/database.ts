import { join } from 'node:path'
import Database from 'better-sqlite3'
import { type Generated, Kysely, type KyselyPlugin, Migrator, SqliteDialect } from 'kysely'
import type { Test } from 'tap'
import { outboxMigration, type OutboxSchema, type OutboxTable } from '../src/index.js'
import { hashOf } from '../src/tags.js'

/** A service's database: its own data, and the outbox. */
export interface Schema extends OutboxSchema {
  products: { id: Generated<number>, name: string }
}

/** Opens a new connection to the file. */
export function connect (file: string, plugins: KyselyPlugin[] = []): Kysely<Schema> {
  const database = new Database(file)
  database.pragma('journal_mode = WAL')
  return new Kysely<Schema>({ dialect: new SqliteDialect({ database }), plugins })
}

/** Creates a migrated file, to which `connect` opens connections that are closed after the test. */
export async function newFile (t: Test) {
  const file = join(t.testdir(), 'service.db')
  const db = connect(file)
  await db.schema.createTable('products')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('name', 'text', (column) => column.notNull())
    .execute()
  const { error } = await migratorOf(db).migrateToLatest()
  if (error !== undefined) throw new Error('not migrated', { cause: error })
  await db.destroy()
  return {
    file,
    connect: (plugins?: KyselyPlugin[]) => {
      const connection = connect(file, plugins)
      t.teardown(() => connection.destroy())
      return connection
    }
  }
}

export const migratorOf = (db: Kysely<Schema>) =>
  new Migrator({
    db,
    provider: { getMigrations: async () => ({ '0001-outbox': outboxMigration }) }
  })

/** A row left by a writer that has disappeared. */
export const leftRow = (i: number, tag: string): OutboxTable => ({
  namespace: 'responses',
  id: String(i).padStart(40, '0'),
  hash: hashOf(tag),
  tag: JSON.stringify(tag),
  created: ''
})

/** Inserts rows, as many at once as SQLite accepts. */
export async function leave (db: Kysely<Schema>, rows: readonly OutboxTable[]): Promise<void> {
  for (let i = 0; i < rows.length; i += 100) {
    await db
      .insertInto('weir_outbox_tags')
      .values(rows.slice(i, i + 100))
      .execute()
  }
}

/** A database that fails, or answers late, when the test says so. */
export class Trouble implements KyselyPlugin {
  error: Error | undefined
  /** Delays answers that already exist: their content is as of the query. */
  delay: Promise<void> | undefined
  /** Queries so far. */
  queries = 0
  /** Rows in answers so far. */
  rows = 0

  transformQuery ({ node }: Parameters<KyselyPlugin['transformQuery']>[0]) {
    this.queries++
    if (this.error !== undefined) throw this.error
    return node
  }

  async transformResult ({ result }: Parameters<KyselyPlugin['transformResult']>[0]) {
    await this.delay
    this.rows += result.rows.length
    return result
  }
}
