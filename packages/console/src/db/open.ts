import { dirname } from 'node:path'
import { assertSchema, explain, makeFolder } from '@weir/sqlite'
import Database from 'better-sqlite3'
import { CamelCasePlugin, Kysely, Migrator, sql, SqliteDialect } from 'kysely'
import { addLatencyFunctions } from './latency.js'
import { migrations } from './migrations.js'
import { type StatsSchema } from './schema.js'

/**
 * The time that a statement waits for another process with the same file, in ms, and the event loop
 * with it. Records that are not written then are written a second later.
 */
const LOCK_TIMEOUT = 200
/** The time that a start waits for another one that makes the file, in ms. */
const PREPARE_TIMEOUT = 5000

const IN_MEMORY = ':memory:'

/**
 * Opens the database in `file`, made and migrated where it is not yet; without a file, one in
 * memory.
 *
 * @throws SqliteFileError which names the file and the remedy
 */
export async function openDatabase (file?: string): Promise<Kysely<StatsSchema>> {
  if (file === undefined) return await openMigrated(IN_MEMORY)
  try {
    makeFolder(dirname(file))
    return await openMigrated(file)
  } catch (error) {
    throw explain(error, file)
  }
}

async function openMigrated (file: string): Promise<Kysely<StatsSchema>> {
  const database = new Database(file, { timeout: PREPARE_TIMEOUT })
  try {
    database.pragma('journal_mode = wal')
    // A lost page cache costs the last second, which is read again.
    database.pragma('synchronous = normal')
    assertSchema(database, file, Object.keys(await migrations.getMigrations()))
    addLatencyFunctions(database)
    const db = new Kysely<StatsSchema>({
      dialect: new SqliteDialect({ database }),
      plugins: [new CamelCasePlugin()]
    })
    await writing(db, async (connection) => {
      const { error } = await new Migrator({
        db: connection,
        provider: migrations
      }).migrateToLatest()
      if (error !== undefined) {
        throw new Error("The database of stats could not be brought to this version's schema", {
          cause: error
        })
      }
    })
    database.pragma(`busy_timeout = ${LOCK_TIMEOUT}`)
    return db
  } catch (error) {
    database.close()
    throw error
  }
}

/**
 * Runs `work` in a transaction that holds the write lock from its beginning on: what it reads is
 * what it replaces, whoever else has the file open.
 */
export async function writing<T> (
  db: Kysely<StatsSchema>,
  work: (connection: Kysely<StatsSchema>) => Promise<T>
): Promise<T> {
  // Not db.transaction(): that takes the lock late, and the migrator asks for a connection, which
  // Kysely's transactions do not hand on.
  return await db.connection().execute(async (connection) => {
    await sql`begin immediate`.execute(connection)
    try {
      const result = await work(connection)
      await sql`commit`.execute(connection)
      return result
    } catch (error) {
      await sql`rollback`.execute(connection)
      throw error
    }
  })
}
