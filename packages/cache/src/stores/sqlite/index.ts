import { openFile } from '@weir/sqlite'
import type { Database } from 'better-sqlite3'
import type { Claim, Seen, Stamp, Store, StoreNamespace } from '../../store.js'
import { isNews } from '../../frame.js'
import { TagTable } from '../../tag-table.js'
import { Fills } from './fills.js'
import { migrate } from './schema.js'
import { prepare, type Statements } from './statements.js'

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
 *
 * `PRAGMA data_version` tells at every read whether any other process has committed anything since; if so, the records
 * are read again before anything is judged. So memory is as coherent as the file itself, without waiting.
 * @example sqliteStore({ file: '.data/cache.db' })
 */
export function sqliteStore ({ file, maxBytes = 256 * 1024 * 1024, maxTags = 100_000 }: SqliteStoreOptions): Store {
  const db = openFile(file, { timeout: LOCK_TIMEOUT })
  migrate(db)
  const statements = prepare(db)
  // One object per namespace: data_version does not tell a connection of its own commits.
  const namespaces = new Map<string, SqliteNamespace>()
  let writes = 0

  const sweep = () => {
    if (++writes % SWEEP_EVERY !== 0) return
    statements.deleteGone.run(Date.now())
    statements.deleteFills.run(Date.now())
    const { used } = statements.used.get() ?? { used: 0 }
    if (used > maxBytes) statements.deleteSoonest.run(used - maxBytes)
  }

  return {
    kind: 'sqlite',
    capabilities: { shared: true, persistent: true, judgesLocally: true },
    namespace (name) {
      let namespace = namespaces.get(name)
      if (namespace === undefined) namespaces.set(name, namespace = new SqliteNamespace(db, statements, name, maxTags, sweep))
      return namespace
    },
    async close () {
      db.close()
    }
  }
}

class SqliteNamespace implements StoreNamespace {
  readonly #db: Database
  readonly #sql: Statements
  readonly #tags: TagTable
  readonly #fills: Fills
  /** The data_version the records in memory are from, and the latest stamp among them. */
  #version: number | undefined
  #latest: Stamp = 0
  /** The clock when it was last seen here. If it is lost, it goes on from there. */
  #clock: Stamp = 0

  constructor (db: Database, sql: Statements, readonly name: string, readonly maxTags: number, readonly sweep: () => void) {
    this.#db = db
    this.#sql = sql
    // The file prunes its records itself; the mirror only follows.
    this.#tags = new TagTable(0, Infinity)
    this.#fills = new Fills(db, sql, name)
  }

  async get (keys: readonly string[]) {
    const now = Date.now()
    return keys.map((key) => this.#sql.read.get(this.name, key, now)?.frame)
  }

  async set (key: string, stamp: Stamp, frame: Buffer, ttl: number) {
    this.#set(key, stamp, frame, ttl)
  }

  async delete (key: string) {
    this.#sql.delete.run(this.name, key)
  }

  async claim (key: string, seen?: Seen): Promise<Claim> {
    // Most find something, and need no lock for it.
    return this.#present(key, seen) ?? this.#db.transaction((): Claim => {
      return this.#present(key, seen) ?? this.#fills.claim(key, () => this.#tick(), (...stored) => { this.#set(key, ...stored) })
    }).immediate()
  }

  async supersede (tag: string, tags: readonly string[], stamp: Stamp) {
    // In the transaction, so that nobody invalidates between the question and what follows from it.
    return this.#write(() => {
      this.#refresh()
      if (stamp <= this.#tags.barrier(tags)) return undefined
      this.#sql.record.run(this.name, tag, this.#tick())
      return this.#tick()
    })
  }

  async settled () {}

  async stamp () {
    return this.#tick()
  }

  async invalidate (tags: readonly string[]) {
    return this.#write(() => {
      const stamp = this.#tick()
      for (const tag of tags) this.#sql.record.run(this.name, tag, stamp)
      const last = this.#sql.lastPruned.get(this.name, this.maxTags)
      if (last !== undefined) this.#raise(last.stamp)
      return stamp
    })
  }

  async clear () {
    return this.#write(() => {
      const stamp = this.#tick()
      this.#raise(stamp)
      this.#sql.deleteAll.run(this.name)
      return stamp
    })
  }

  async barrier (tags: readonly string[]) {
    this.#refresh()
    return this.#tags.barrier(tags)
  }

  readonly knownSince = 0

  judge (stamp: Stamp, tags: readonly string[]) {
    this.#refresh()
    return stamp > this.#tags.barrier(tags)
  }

  #present (key: string, seen: Seen | undefined): Claim | undefined {
    const frame = this.#sql.read.get(this.name, key, Date.now())?.frame
    return frame !== undefined && isNews(frame, seen) ? { kind: 'found', frame } : undefined
  }

  #set (key: string, stamp: Stamp, frame: Buffer, ttl: number) {
    this.#sql.write.run(this.name, key, stamp, Math.ceil(Date.now() + ttl), frame)
    this.sweep()
  }

  /** Loads after the commit: what is rolled back must leave no trace in memory. */
  #write<R> (transaction: () => R): R {
    const result = this.#db.transaction(transaction).immediate()
    this.#load()
    return result
  }

  /** The version is read first: a commit in between is then seen as one more change, not missed. */
  #refresh () {
    const version = this.#sql.dataVersion.get()
    if (version === this.#version) return
    this.#load()
    this.#version = version
  }

  #load () {
    // Commits are ordered by the write lock and stamps by the commits: what is new is what is later.
    // The records come before the floor: those that another process prunes in between, the floor then covers.
    for (const { tag, stamp } of this.#sql.recordsAfter.iterate(this.name, this.#latest)) {
      this.#tags.record(tag, stamp)
      this.#latest = stamp
    }
    let namespace = this.#sql.namespace.get(this.name)
    if (namespace === undefined) {
      this.#tick()
      namespace = this.#sql.namespace.get(this.name)
    }
    this.#clock = Math.max(this.#clock, namespace?.clock ?? 0)
    this.#tags.raise(namespace?.floor ?? Infinity)
  }

  #tick (): Stamp {
    const ticked = this.#sql.tick.get(this.name)
    if (ticked !== undefined) {
      this.#clock = ticked.clock
      return ticked.clock
    }
    this.#sql.begin.run({ name: this.name, known: this.#clock })
    return this.#tick()
  }

  #raise (floor: Stamp) {
    this.#sql.raise.run(floor, this.name)
    this.#sql.prune.run(this.name, floor)
  }
}
