import { isPostgres } from '@weir/fastify/service'
import { type Kysely, type Transaction } from 'kysely'
import { openSqliteCatalog, openSqliteWriter } from './open-sqlite.js'
import { type CatalogSchema } from './schema.js'

/** Open database of the catalog, which any number of processes may share. */
export interface CatalogDatabase {
  /** Connection for reads, never blocked by a writer; sees every earlier write. Refuses writes. */
  readonly read: Kysely<CatalogSchema>
  /**
   * Runs `work` in a transaction that replaces exactly the data it has read. On SQLite it holds the
   * write lock from its first statement; on Postgres it is serializable, and `work` runs again
   * after a conflict. Waits for its turn without blocking the process; throws CATALOG_ERR_BUSY
   * (503) after 5 s.
   */
  write<T> (work: (transaction: Transaction<CatalogSchema>) => Promise<T>): Promise<T>
  close (): Promise<void>
}

/**
 * Opens the database at `location`, a file or a URL of Postgres; creates, migrates and seeds it if
 * necessary.
 * @param replicas URLs of standbys of that Postgres, which are read instead of it where they are
 *   not behind
 */
export async function openCatalog (
  location: string,
  replicas: readonly string[] = []
): Promise<CatalogDatabase> {
  if (!isPostgres(location)) return await openSqliteCatalog(location)
  const { openPostgresCatalog } = await import('./open-postgres.js')
  return await openPostgresCatalog(location, replicas)
}

/**
 * Opens a single connection for transactions of a minute and temporary tables, migrated and seeded
 * like `openCatalog`.
 *
 * @throws SqliteFileError, PostgresError with the remedy
 */
export async function openWriter (location: string): Promise<Kysely<CatalogSchema>> {
  if (!isPostgres(location)) return await openSqliteWriter(location)
  const { openPostgresWriter } = await import('./open-postgres.js')
  return await openPostgresWriter(location, true)
}
