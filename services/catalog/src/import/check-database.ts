import { stat } from 'node:fs/promises'
import { isPostgres } from '@weir/fastify/service'
import Database from 'better-sqlite3'
import { Kysely, PostgresDialect, sql } from 'kysely'
import { ImportError } from './import-error.js'

/**
 * Refuses a path without a catalog: an import adds to a shop and never creates one. Otherwise a
 * misspelled path would create a shop that no instance serves. Changes nothing.
 * @throws ImportError CATALOG_ERR_NO_DATABASE, CATALOG_ERR_NOT_A_CATALOG
 */
export async function checkDatabase (location: string): Promise<void> {
  if (isPostgres(location)) await checkPostgres(location)
  else await checkFile(location)
}

async function checkPostgres (url: string): Promise<void> {
  const { openPool } = await import('@weir/postgres')
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool: openPool({ url }) }) })
  try {
    const { rows } = await sql`select 1 where to_regclass('catalog_migrations') is not null`
      .execute(db)
    if (rows.length === 0) throw notACatalog('The database on Postgres')
  } finally {
    await db.destroy()
  }
}

async function checkFile (file: string): Promise<void> {
  const info = await stat(file).catch((error: unknown) => {
    if (
      error instanceof Error &&
      'code' in error &&
      (error.code === 'ENOENT' || error.code === 'ENOTDIR')
    ) { return undefined }
    throw error
  })
  if (info === undefined) {
    throw new ImportError(
      `There is no database ${file}: give the path of a running catalog's database with ` +
      '--database or DATA_DIR, or start the catalog first.',
      { code: 'CATALOG_ERR_NO_DATABASE' }
    )
  }
  if (!info.isFile()) throw notACatalog(file)
  let database: Database.Database | undefined
  try {
    database = new Database(file, { readonly: true })
    const isCatalog =
      database.prepare("select 1 from kysely_migration where name = '0001-products'").get() !==
      undefined
    if (!isCatalog) throw notACatalog(file)
  } catch (error) {
    if (error instanceof Database.SqliteError && foreign.has(error.code)) {
      throw notACatalog(file, error)
    }
    throw error
  } finally {
    database?.close()
  }
}

/** The table does not exist, or the file is not an SQLite database. */
const foreign = new Set(['SQLITE_ERROR', 'SQLITE_NOTADB'])

const notACatalog = (file: string, cause?: Error) =>
  new ImportError(
    `${file} is not a catalog's database: give the path of its catalog.db with --database or DATA_DIR.`,
    { code: 'CATALOG_ERR_NOT_A_CATALOG', cause }
  )
