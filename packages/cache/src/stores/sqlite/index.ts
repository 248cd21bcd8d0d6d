import { DisposableFile } from '@weir/sqlite'
import { checkOptions, elsewhere, type Known, STORE } from '../../known-options.js'
import type { Store, StoreNamespace } from '../../store.js'
import { SqliteEntries } from './entries.js'
import { migrate } from './schema.js'
import { prepare, type Statements } from './statements.js'
import { SqliteValidity } from './validity.js'

/** Options of {@link sqliteStore}. */
export interface SqliteStoreOptions {
  /**
   * Path of the file, shared by every process on the machine that opens it.
   *
   * The file and its folder are created. A damaged file is set aside and replaced by a new one; if
   * the file is deleted or replaced, all processes continue with the new one.
   */
  readonly file: string
  /**
   * Maximum size of all entries in bytes. Beyond it those that expire soonest are dropped. Default
   * 256 MiB.
   */
  readonly maxBytes?: number
  /**
   * Maximum number of tag records per namespace. Beyond it the oldest are dropped, and the entries
   * they apply to become invalid. Default 100,000.
   */
  readonly maxTags?: number
}

// Milliseconds that a statement waits for another process' lock.
const LOCK_TIMEOUT = 5000
// Number of sets between two checks of expired entries and size; the work of each check is bounded.
const SWEEP_EVERY = 128

const KNOWN: Known<SqliteStoreOptions> = { file: elsewhere, maxBytes: elsewhere, ...STORE }

/**
 * Creates a store in one SQLite file, for many processes on one machine without a server.
 *
 * An instance trusts its memory for 5 ms after checking whether another process has written, and
 * strict writes wait that long. A process sees its own writes at once.
 * @throws CacheError WEIR_CACHE_INVALID_OPTION, whose message says which value to use
 * @throws SqliteFileError if the file cannot be created, or better-sqlite3 is not installed
 * @example sqliteStore({ file: '.data/cache.db' })
 */
export function sqliteStore (options: SqliteStoreOptions): Store {
  checkOptions('sqliteStore', options, KNOWN)
  const { file, maxBytes = 256 * 1024 * 1024, maxTags = 100_000 } = options
  // One object per namespace: data_version does not report a connection's own commits.
  const namespaces = new Map<string, StoreNamespace & { validity: SqliteValidity }>()
  const shared = new DisposableFile(file, {
    timeout: LOCK_TIMEOUT,
    prepare (db) {
      migrate(db)
      return prepare(db)
    },
    replaced (previous, next) {
      for (const { validity } of namespaces.values()) validity.move(previous, next)
    }
  })
  let writes = 0

  const sweep = (statements: Statements) => {
    if (++writes % SWEEP_EVERY !== 0) return
    statements.deleteGone.run(Date.now())
    statements.deleteFills.run(Date.now())
    statements.deleteEnded.run(Date.now())
    const { used } = statements.used.get() ?? { used: 0 }
    if (used > maxBytes) statements.deleteSoonest.run(used - maxBytes)
  }

  return {
    namespace (name) {
      let namespace = namespaces.get(name)
      if (namespace === undefined) {
        const validity = new SqliteValidity(shared, name, maxTags)
        namespace = {
          entries: new SqliteEntries(shared, name, (sql) => validity.tick(sql), sweep),
          validity,
          system: 'sqlite'
        }
        namespaces.set(name, namespace)
      }
      return namespace
    },
    async namespaces () {
      const rows = shared.read((sql) => sql.names.all())
      return { names: rows.map(({ name }) => name), complete: true }
    },
    async close () {
      shared.close()
    }
  }
}
