import { dirname } from 'node:path'
import { ImmediateSqliteDialect } from '@weir/outbox'
import { assertSchema, explain, makeFolder } from '@weir/sqlite'
import Database from 'better-sqlite3'
import { Kysely, Migrator, sql } from 'kysely'
import { migrations } from './migrations.js'
import { type StorefrontSchema } from './schema.js'

/**
 * Milliseconds that a statement waits for another instance, blocking the event loop: their
 * transactions take less than one.
 */
const LOCK_TIMEOUT = 200
/** Milliseconds that a start waits for another process that creates the file. */
const PREPARE_TIMEOUT = 5000

/**
 * Opens the database in `file`; creates and migrates it if necessary.
 * @throws SqliteFileError with the file and the remedy
 */
export async function openDatabase (file: string): Promise<Kysely<StorefrontSchema>> {
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
