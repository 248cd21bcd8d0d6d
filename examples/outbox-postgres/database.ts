import { outboxMigration, type OutboxSchema } from '@weir/outbox'
import { Kysely, Migrator, PostgresDialect, sql } from 'kysely'
import pg from 'pg'

interface Schema extends OutboxSchema {
  products: { id: string, price: number }
}

const migrations = {
  '1-outbox': outboxMigration,
  '2-products': {
    async up (db: Kysely<unknown>) {
      await sql`create table products (id text primary key, price integer not null)`.execute(db)
      await sql`insert into products values ('kettle', 50)`.execute(db)
    }
  }
}

export async function openDatabase (connectionString: string): Promise<Kysely<Schema>> {
  const pool = new pg.Pool({ connectionString })
  const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) })
  const provider = { getMigrations: async () => migrations }
  const { error } = await new Migrator({ db, provider }).migrateToLatest()
  if (error !== undefined) throw new Error('The database cannot be migrated', { cause: error })
  return db
}
