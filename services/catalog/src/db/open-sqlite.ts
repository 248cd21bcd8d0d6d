import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import { CamelCasePlugin, Kysely, SqliteDialect } from 'kysely'
import { ImmediateSqliteDialect } from '@weir/outbox'
import { assertSchema, explain, makeFolder } from '@weir/sqlite'
import { CATALOG_ERR_BUSY } from '../errors.js'
import { addTextFunctions } from '../text/sql-functions.js'
import { migrations } from './migrations.js'
import { type CatalogDatabase } from './open.js'
import { prepare } from './prepare.js'
import { type CatalogSchema } from './schema.js'
import { isBusy, whileBusy } from './while-busy.js'

/** Milliseconds that a start waits for another process that migrates and seeds the same file. */
const PREPARE_TIMEOUT = 60_000
/**
 * Milliseconds that a write waits for its turn: an import holds the lock for two to three seconds
 * per 100,000 rows.
 */
const WRITE_TIMEOUT = 5_000
/** Milliseconds that readers wait, only while a crashed process's log is recovered. */
const RECOVERY_TIMEOUT = 5_000

/** Opens the catalog in one file that any number of processes may share. */
export async function openSqliteCatalog (file: string): Promise<CatalogDatabase> {
  const writer = await openSqliteWriter(file)
  const reader = new Database(file, { timeout: RECOVERY_TIMEOUT })
  reader.pragma('query_only = on')
  const read = new Kysely<CatalogSchema>({
    dialect: new SqliteDialect({ database: reader }),
    plugins: [new CamelCasePlugin()]
  })

  return {
    read,
    async write (work) {
      try {
        return await whileBusy(WRITE_TIMEOUT, () => writer.transaction().execute(work))
      } catch (error) {
        if (!isBusy(error)) throw error
        throw Object.assign(new CATALOG_ERR_BUSY({ cause: error }), {
          headers: { 'retry-after': '5' }
        })
      }
    },
    async close () {
      await read.destroy()
      await writer.destroy()
    }
  }
}

/**
 * Opens a connection whose transactions take the write lock at once; creates, migrates and seeds
 * the file if necessary.
 *
 * @throws SqliteFileError with the file and the remedy
 */
export async function openSqliteWriter (file: string): Promise<Kysely<CatalogSchema>> {
  try {
    makeFolder(dirname(file))
    return await openPrepared(file)
  } catch (error) {
    throw explain(error, file)
  }
}

async function openPrepared (file: string): Promise<Kysely<CatalogSchema>> {
  const database = new Database(file, { timeout: 0 })
  addTextFunctions(database)
  const writer = new Kysely<CatalogSchema>({
    dialect: new ImmediateSqliteDialect({ database }),
    plugins: [new CamelCasePlugin()]
  })
  try {
    await whileBusy(PREPARE_TIMEOUT, () => database.pragma('journal_mode = wal'))
    database.pragma('synchronous = normal')
    database.pragma('foreign_keys = on')
    const known = Object.keys(await migrations.getMigrations())
    await whileBusy(PREPARE_TIMEOUT, () => { assertSchema(database, file, known) })
    await whileBusy(PREPARE_TIMEOUT, () => prepare(writer))
    return writer
  } catch (error) {
    database.close()
    throw error
  }
}
