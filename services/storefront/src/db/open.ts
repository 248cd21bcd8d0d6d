import { dirname } from 'node:path'
import { ImmediateSqliteDialect } from '@weir/outbox'
import { assertSchema, explain, makeFolder } from '@weir/sqlite'
import Database from 'better-sqlite3'
import { Kysely, Migrator, sql } from 'kysely'
import { migrations } from './migrations.js'
import { type StorefrontSchema } from './schema.js'

/**
 * How long a statement waits for another instance, in ms, and the event loop with it: their
 * transactions take less than one.
 */
const LOCK_TIMEOUT = 200
/** How long a start waits for another one that makes the file, in ms. */
const PREPARE_TIMEOUT = 5000

/**
 * Opens the database in `file`, made and migrated where it is not yet.
 * @throws SqliteFileError which names the file and the remedy
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
    // Views that a power failure takes are in the shared counters, too.
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
          "The database of the storefront could not be brought to this version's schema",
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
