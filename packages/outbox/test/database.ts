import { join } from 'node:path'
import Database from 'better-sqlite3'
import { type Generated, Kysely, type KyselyPlugin, Migrator, SqliteDialect } from 'kysely'
import type { Test } from 'tap'
import { outboxMigration, type OutboxSchema } from '../src/index.js'

/** A service's database: data of its own, and the outbox. */
export interface Schema extends OutboxSchema {
  products: { id: Generated<number>, name: string }
}

/** A new connection to the file. */
export function connect (file: string, plugins: KyselyPlugin[] = []): Kysely<Schema> {
  const database = new Database(file)
  database.pragma('journal_mode = WAL')
  return new Kysely<Schema>({ dialect: new SqliteDialect({ database }), plugins })
}

/** A migrated file, to which `connect` opens connections that end with the test. */
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
  new Migrator({ db, provider: { getMigrations: async () => ({ '0001-outbox': outboxMigration }) } })

/** A database that fails, or answers late, when the test says so. */
export class Trouble implements KyselyPlugin {
  error: Error | undefined
  /** Of answers that are there already: what they say is as old as the question. */
  delay: Promise<void> | undefined
  /** So far. */
  queries = 0

  transformQuery ({ node }: Parameters<KyselyPlugin['transformQuery']>[0]) {
    this.queries++
    if (this.error !== undefined) throw this.error
    return node
  }

  async transformResult ({ result }: Parameters<KyselyPlugin['transformResult']>[0]) {
    await this.delay
    return result
  }
}
