import type { OutboxSchema } from '@weir/outbox'
import {
  type ConnectionProvider,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  Kysely,
  type KyselyProps
} from 'kysely'
import { QueryError } from './errors.js'
import { CachingExecutor } from './executor.js'
import { type QueryCacheOptions, resolveOptions } from './options.js'
import { Reading } from './reading.js'
import { type Ledger, TrackedConnection } from './tracked-connection.js'

/**
 * Returns the same database with cached queries: all of them, or those with `cached()`.
 *
 * Writes through it invalidate the results that they may have changed, in their own transaction: by
 * table, or by row if the statement identifies its rows. Results are shared: do not modify them.
 *
 * Writes that bypass it, and tables that change without being named in a statement, are not
 * detected: see `tableTags` and the option `affects`.
 * @param db not a transaction; the outbox's own database, or another connection to it
 * @throws QueryError WEIR_QUERY_INVALID_OPTION
 * @example
 * const outbox = createOutbox({
 *   db,
 *   namespace: 'queries',
 *   invalidate: (tags) => cache.invalidate(tags)
 * })
 * await outbox.start()
 * const cachedDb = withQueryCache(db, { cache, outbox, primaryKeys: { products: 'id' } })
 * await cachedDb
 *   .selectFrom('products')
 *   .selectAll()
 *   .where('id', '=', '42')
 *   .$call(cached({ ttl: '1m' }))
 *   .execute()
 * await cachedDb.updateTable('products').set({ price: 1299 }).where('id', '=', '42').execute()
 */
export function withQueryCache<DB extends OutboxSchema> (
  db: Kysely<DB>,
  options: QueryCacheOptions
): Kysely<DB>
export function withQueryCache (
  db: Kysely<OutboxSchema>,
  options: QueryCacheOptions
): Kysely<OutboxSchema> {
  if (!(db instanceof Kysely) || db.isTransaction) {
    throw new QueryError(
      'WEIR_QUERY_INVALID_OPTION',
      'withQueryCache() requires a Kysely that is not a transaction'
    )
  }
  const executor = db.getExecutor()
  if (executor instanceof CachingExecutor) {
    throw new QueryError('WEIR_QUERY_INVALID_OPTION', 'The database is already cached')
  }
  const resolved = resolveOptions(options)
  const plain = db.withoutPlugins()
  const caching = new CachingExecutor(
    {
      compiler: { compileQuery: (node, queryId) => executor.compileQuery(node, queryId) },
      database: plain.getExecutor(),
      reading: new Reading(resolved),
      options: resolved
    },
    {
      provider: trackedConnections(plain, { outbox: resolved.outbox, hasTable: false }),
      plugins: [...executor.plugins],
      isPinned: false
    }
  )
  return new Kysely(propsOf(db, caching))
}

function trackedConnections (db: Kysely<OutboxSchema>, ledger: Ledger): ConnectionProvider {
  return {
    provideConnection: (consumer) => db.connection().execute(async (pinned) => {
      // The connection stays the same for as long as it is pinned.
      const raw = await pinned.getExecutor().provideConnection(async (connection) => connection)
      return consumer(new TrackedConnection(pinned, raw, ledger))
    })
  }
}

/**
 * Creates the properties of a Kysely that works through another one, using only its public methods.
 */
function propsOf (db: Kysely<OutboxSchema>, executor: CachingExecutor): KyselyProps {
  const driver: Driver = {
    init: async () => {},
    acquireConnection: async () => { throw unreachable() },
    releaseConnection: async () => { throw unreachable() },
    beginTransaction: (connection, settings) => tracked(connection).begin(settings),
    commitTransaction: (connection) => tracked(connection).commit(),
    rollbackTransaction: (connection) => tracked(connection).rollback(),
    savepoint: (connection, name) => tracked(connection).savepoint(name),
    rollbackToSavepoint: (connection, name) => tracked(connection).rollbackToSavepoint(name),
    releaseSavepoint: (connection, name) => tracked(connection).releaseSavepoint(name),
    destroy: () => db.destroy()
  }
  const dialect: Dialect = {
    createDriver: () => driver,
    createAdapter: () => executor.adapter,
    createIntrospector: () => db.introspection,
    createQueryCompiler: () => ({
      compileQuery: (node, queryId) => executor.compileQuery(node, queryId)
    })
  }
  return { config: { dialect }, dialect, driver, executor }
}

function tracked (connection: DatabaseConnection): TrackedConnection {
  if (connection instanceof TrackedConnection) return connection
  throw unreachable()
}

const unreachable = () => new Error('The executor gives tracked connections only')
