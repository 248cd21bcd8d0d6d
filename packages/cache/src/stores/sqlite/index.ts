import { DisposableFile } from '@weir/sqlite'
import { checkOptions, elsewhere, type Known, STORE } from '../../known-options.js'
import type { Store } from '../../store.js'
import { SqliteEntries } from './entries.js'
import { migrate } from './schema.js'
import { prepare, type Statements } from './statements.js'
import { SqliteValidity } from './validity.js'

/** Options of {@link sqliteStore}. */
export interface SqliteStoreOptions {
  /**
   * The file, shared by every process of the machine that opens it. It and its folder are made. If
   * it is damaged it is set aside, and a new one is made; if it is deleted or replaced, all
   * processes go on with the new one.
   */
  readonly file: string
  /** Bytes of entries kept; beyond it those that end soonest go. Default 256 MiB. */
  readonly maxBytes?: number
  /**
   * Tag records kept per namespace; beyond it the oldest go and what they judged becomes invalid.
   * Default 100,000.
   */
  readonly maxTags?: number
}

// Milliseconds that a statement waits for another process' lock.
const LOCK_TIMEOUT = 5000
// How often a set looks after expired entries and the size; the work is bounded each time.
const SWEEP_EVERY = 128

const KNOWN: Known<SqliteStoreOptions> = { file: elsewhere, maxBytes: elsewhere, ...STORE }

/**
 * A store in one SQLite file, for many processes on one machine without a server. An instance
 * trusts its memory for 5 ms after it has looked whether another process has written, and strict
 * writes wait that long. A process knows of its own writes at once.
 * @throws CacheError WEIR_CACHE_INVALID_OPTION, whose message says what to give
 * @throws SqliteFileError if there cannot be such a file, or better-sqlite3 is not installed
 * @example sqliteStore({ file: '.data/cache.db' })
 */
export function sqliteStore (options: SqliteStoreOptions): Store {
  checkOptions('sqliteStore', options, KNOWN)
  const { file, maxBytes = 256 * 1024 * 1024, maxTags = 100_000 } = options
  // One object per namespace: data_version does not tell a connection of its own commits.
  const namespaces = new Map<string, { entries: SqliteEntries, validity: SqliteValidity }>()
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
          validity
        }
        namespaces.set(name, namespace)
      }
      return namespace
    },
    async close () {
      shared.close()
    }
  }
}
