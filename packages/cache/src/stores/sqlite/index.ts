import { openFile } from '@weir/sqlite'
import type { Store, StoreNamespace } from '../../store.js'
import { SqliteEntries } from './entries.js'
import { migrate } from './schema.js'
import { prepare } from './statements.js'
import { SqliteValidity } from './validity.js'

/** Options of {@link sqliteStore}. */
export interface SqliteStoreOptions {
  /** The file, shared by every process of the machine that opens it. */
  readonly file: string
  /** Bytes of entries kept; beyond it those that end soonest go. Default 256 MiB. */
  readonly maxBytes?: number
  /** Tag records kept per namespace; beyond it the oldest go and what they judged becomes invalid. Default 100,000. */
  readonly maxTags?: number
}

// Milliseconds that a statement waits for another process' lock.
const LOCK_TIMEOUT = 5000
// How often a set looks after expired entries and the size; the work is bounded each time.
const SWEEP_EVERY = 128

/**
 * A store in one SQLite file, for many processes on one machine without a server.
 * Memory is as coherent as the file itself, without waiting: each read sees whether another process has
 * written.
 * @example sqliteStore({ file: '.data/cache.db' })
 */
export function sqliteStore ({ file, maxBytes = 256 * 1024 * 1024, maxTags = 100_000 }: SqliteStoreOptions): Store {
  const db = openFile(file, { timeout: LOCK_TIMEOUT })
  migrate(db)
  const statements = prepare(db)
  // One object per namespace: data_version does not tell a connection of its own commits.
  const namespaces = new Map<string, StoreNamespace>()
  let writes = 0

  const sweep = () => {
    if (++writes % SWEEP_EVERY !== 0) return
    statements.deleteGone.run(Date.now())
    statements.deleteFills.run(Date.now())
    const { used } = statements.used.get() ?? { used: 0 }
    if (used > maxBytes) statements.deleteSoonest.run(used - maxBytes)
  }

  return {
    namespace (name) {
      let namespace = namespaces.get(name)
      if (namespace === undefined) {
        const validity = new SqliteValidity(db, statements, name, maxTags)
        namespace = { entries: new SqliteEntries(db, statements, name, () => validity.tick(), sweep), validity }
        namespaces.set(name, namespace)
      }
      return namespace
    },
    async close () {
      db.close()
    }
  }
}
