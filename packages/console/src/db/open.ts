import { dirname } from 'node:path'
import { assertSchema, explain, makeFolder } from '@weir/sqlite'
import Database from 'better-sqlite3'
import { CamelCasePlugin, Kysely, Migrator, sql, SqliteDialect } from 'kysely'
import { addLatencyFunctions } from './latency.js'
import { migrations } from './migrations.js'
import { type StatsSchema } from './schema.js'

/**
 * Maximum time, in ms, that a statement waits for another process that uses the same file. The
 * event loop is blocked meanwhile. Records that are not written are retried a second later.
 */
const LOCK_TIMEOUT = 200
/** Time that a start waits for another process that is creating the file, in ms. */
const PREPARE_TIMEOUT = 5000

const IN_MEMORY = ':memory:'

/**
 * Opens the database in `file`, creating and migrating it if necessary. Opens an in-memory database
 * if no file is given.
 *
 * @throws SqliteFileError that names the file and the remedy
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
    // Losing the page cache loses the last second, which is read again.
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
 * Runs `work` in a transaction that holds the write lock from the start, so that no other process
 * can change a row between reading and replacing it.
 */
export async function writing<T> (
  db: Kysely<StatsSchema>,
  work: (connection: Kysely<StatsSchema>) => Promise<T>
): Promise<T> {
  // db.transaction() would take the lock late, and the migrator requests a connection, which
  // Kysely's transactions do not provide.
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
