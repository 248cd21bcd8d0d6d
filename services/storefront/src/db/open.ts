import { dirname } from 'node:path'
import { isPostgres } from '@weir/fastify/service'
import { ImmediateSqliteDialect, type OutboxNotifications } from '@weir/outbox'
import { assertSchema, explain, makeFolder } from '@weir/sqlite'
import Database from 'better-sqlite3'
import { Kysely, Migrator, PostgresDialect, sql } from 'kysely'
import { databaseUnavailable } from '../errors.js'
import { migrations, postgresMigrations } from './migrations.js'
import { type StorefrontSchema } from './schema.js'

/**
 * Milliseconds that a statement waits for another instance, blocking the event loop: their
 * transactions take less than one.
 */
const LOCK_TIMEOUT = 200
/** Milliseconds that a start waits for another process that creates the file. */
const PREPARE_TIMEOUT = 5000
/** Milliseconds that a start waits for instances that migrate a Postgres. */
const MIGRATE_TIMEOUT = 60_000
/** Connections to Postgres, and the milliseconds that it may take to answer. */
const CONNECTIONS = 4
const ANSWER_TIMEOUT = 2000

/** Open database of the storefront. */
export interface OpenDatabase {
  readonly db: Kysely<StorefrontSchema>
  /** Messages between instances, on Postgres. */
  readonly notifications?: OutboxNotifications & { close (): Promise<void> }
}

/**
 * Opens the database at `location`, a file or a URL of Postgres; creates and migrates it if
 * necessary.
 * @throws SqliteFileError, PostgresError with the remedy
 */
export async function openDatabase (location: string): Promise<OpenDatabase> {
  return isPostgres(location) ? await openPostgres(location) : { db: await openFile(location) }
}

async function openPostgres (url: string): Promise<OpenDatabase> {
  const { migrateTogether, openNotifications, openPool } = await import('@weir/postgres')
  const connect = (options: { readonly max: number, readonly timeout: number }) =>
    new Kysely<StorefrontSchema>({
      dialect: new PostgresDialect({
        pool: openPool({ url, unavailable: databaseUnavailable, ...options })
      })
    })
  const migrator = connect({ max: 1, timeout: MIGRATE_TIMEOUT })
  try {
    await migrateTogether(migrator, { name: 'storefront', migrations: postgresMigrations })
  } finally {
    await migrator.destroy()
  }
  return {
    db: connect({ max: CONNECTIONS, timeout: ANSWER_TIMEOUT }),
    notifications: openNotifications({ url })
  }
}

async function openFile (file: string): Promise<Kysely<StorefrontSchema>> {
  try {
    makeFolder(dirname(file))
    return await openMigrated(file)
  } catch (error) {
    throw explain(error, file)
  }
}

async function openMigrated (file: string): Promise<Kysely<StorefrontSchema>> {
  const database = new Database(file, { timeout: PREPARE_TIMEOUT })
  const db = new Kysely<StorefrontSchema>({ dialect: new ImmediateSqliteDialect({ database }) })
  try {
    database.pragma('journal_mode = wal')
    // Views lost in a power failure are still in the shared counters.
    database.pragma('synchronous = normal')
    assertSchema(database, file, Object.keys(await migrations.getMigrations()))
    await db.connection().execute(async (connection) => {
      await sql`begin immediate`.execute(connection)
      const { error } = await new Migrator({
        db: connection,
        provider: migrations
      }).migrateToLatest()
      await (error === undefined ? sql`commit` : sql`rollback`).execute(connection)
      if (error !== undefined) {
        throw new Error(
          "The storefront database could not be migrated to this version's schema",
          { cause: error }
        )
      }
    })
    database.pragma(`busy_timeout = ${LOCK_TIMEOUT}`)
    return db
  } catch (error) {
    await db.destroy()
    throw error
  }
}
