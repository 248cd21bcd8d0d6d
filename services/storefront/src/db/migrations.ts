import { makeOutboxMigration } from '@weir/outbox'
import { writeBehindMigration } from '@weir/outbox/write-behind'
import { type Kysely, type Migration, type MigrationProvider, sql } from 'kysely'

/** Name of the storefront's rows in the outbox table. */
export const OUTBOX = 'storefront'

const views: Migration = {
  async up (db: Kysely<unknown>) {
    await sql`create table views (product integer primary key, total integer not null) strict`.execute(
      db
    )
    await sql`create index views_by_total on views (total desc, product)`.execute(db)
  }
}

const postgresViews: Migration = {
  async up (db: Kysely<unknown>) {
    await sql`create table views (product bigint primary key, total bigint not null)`.execute(db)
    await sql`create index views_by_total on views (total desc, product)`.execute(db)
  }
}

const after = (first: Migration): MigrationProvider => ({
  getMigrations: async () => ({
    '0001-views': first,
    '0002-outbox': makeOutboxMigration(OUTBOX),
    '0003-write-behind': writeBehindMigration
  })
})

/** Migrations on SQLite in the order of their names; never edit a released one. */
export const migrations: MigrationProvider = after(views)

/** Migrations on Postgres, likewise. */
export const postgresMigrations: MigrationProvider = after(postgresViews)
