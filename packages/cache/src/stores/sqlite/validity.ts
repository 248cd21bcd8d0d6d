import type { Database } from 'better-sqlite3'
import { isValid, mayReplace } from '../../rule-v.js'
import { TagTable } from '../../tag-table.js'
import type { Judged, Stamp, Validity } from '../../validity.js'
import type { Statements } from './statements.js'

/**
 * A namespace's records in the file, and a mirror of them in memory. `PRAGMA data_version` tells at
 * every read whether another process has committed anything since; if so, the mirror is brought up to
 * date before anything is judged.
 */
export class SqliteValidity implements Validity {
  readonly #db: Database
  readonly #sql: Statements
  readonly #tags: TagTable
  /** The data_version the records in memory are from, and the latest stamps among them. */
  #version: number | undefined
  #latestTag: Stamp = 0
  #latestReplaced: Stamp = 0
  /** The clock when it was last seen here. If it is lost, it goes on from there. */
  #clock: Stamp = 0

  constructor (db: Database, sql: Statements, readonly name: string, readonly maxTags: number) {
    this.#db = db
    this.#sql = sql
    // The file prunes its records itself; the mirror only follows.
    this.#tags = new TagTable(0, Infinity)
  }

  tick (): Stamp {
    const ticked = this.#sql.tick.get(this.name)
    if (ticked !== undefined) {
      this.#clock = ticked.clock
      return ticked.clock
    }
    this.#sql.begin.run({ name: this.name, known: this.#clock })
    return this.tick()
  }

  async stamp () {
    return this.tick()
  }

  async callStamp () {
    return this.tick()
  }

  async invalidate (tags: readonly string[]) {
    return this.#write(() => {
      const stamp = this.tick()
      for (const tag of tags) this.#sql.record.run(this.name, tag, stamp)
      this.#prune()
      return stamp
    })
  }

  async replace (entry: Judged, until: number) {
    // In the transaction, so that nothing is invalidated between the question and what follows from it.
    return this.#write(() => {
      this.#refresh()
      if (!mayReplace(entry, until, this.#tags)) return undefined
      this.#sql.replace.run(this.name, entry.key, this.tick(), Number.isFinite(until) ? Math.ceil(until) : null)
      this.#prune()
      return this.tick()
    })
  }

  async clear () {
    return this.#write(() => {
      const stamp = this.tick()
      this.#raise(stamp)
      this.#sql.deleteAll.run(this.name)
      return stamp
    })
  }

  isValid (entry: Judged) {
    this.#refresh()
    return isValid(entry, this.#tags)
  }

  async waitForLeases () {}

  /** For every writer of records: at most `maxTags` of each kind stay, and the floor covers what went. */
  #prune () {
    const last = this.#sql.lastPruned.get(this.name, this.maxTags)
    if (last !== undefined) this.#raise(last.stamp)
    this.#sql.deleteEnded.run(Date.now())
    const endless = this.#sql.lastReplaced.get(this.name, this.maxTags)
    if (endless === undefined) return
    const { floor } = this.#sql.endlessUpTo.get(this.name, endless.stamp) ?? { floor: null }
    if (floor !== null) this.#raise(floor)
    this.#sql.pruneReplaced.run(this.name, endless.stamp)
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
    for (const { tag, stamp } of this.#sql.recordsAfter.iterate(this.name, this.#latestTag)) {
      this.#tags.record(tag, stamp)
      this.#latestTag = stamp
    }
    for (const { key, stamp, until } of this.#sql.replacedAfter.iterate(this.name, this.#latestReplaced)) {
      this.#tags.replace(key, stamp, until ?? Infinity)
      this.#latestReplaced = stamp
    }
    let namespace = this.#sql.namespace.get(this.name)
    if (namespace === undefined) {
      this.tick()
      namespace = this.#sql.namespace.get(this.name)
    }
    this.#clock = Math.max(this.#clock, namespace?.clock ?? 0)
    this.#tags.raise(namespace?.floor ?? Infinity)
  }

  #raise (floor: Stamp) {
    this.#sql.raise.run(floor, this.name)
    this.#sql.prune.run(this.name, floor)
    this.#sql.pruneReplaced.run(this.name, floor)
  }
}
