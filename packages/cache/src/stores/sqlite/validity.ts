import type { DisposableFile } from '@weir/sqlite'
import { isValid, mayReplace } from '../../rule-v.js'
import { TagTable } from '../../tag-table.js'
import type { Consistency, Judged, Stamp, Validity } from '../../validity.js'
import { waitForLeases } from '../wait-for-leases.js'
import type { Statements } from './statements.js'

/**
 * Milliseconds for which an instance may trust its memory after checking the file, and for which
 * strict writes wait. The same for every process.
 */
const LEASE = 5

/**
 * A namespace's records in the file, and a mirror of them in memory.
 *
 * `PRAGMA data_version` tells whether another process has committed since; if so, the mirror is
 * updated before it is used.
 *
 * The first read after the lease has ended checks the file; no timer does. A lease counts from the
 * start of the check, so it covers no later commit: a strict write waits a lease after its commit.
 * The lease ends early when the path is due to be compared with the open file, and when the file is
 * damaged, replaced or closed. A stalled event loop needs no detection.
 *
 * Each read costs one reading of the clock. Checking once per turn of the event loop is not enough:
 * a turn may last longer than any lease.
 */
export class SqliteValidity implements Validity {
  readonly #file: DisposableFile<Statements>
  #tags: TagTable
  /** The data_version of the records in memory, and the latest stamps among them. */
  #version: number | undefined
  #latestTag: Stamp = 0
  #latestReplaced: Stamp = 0
  /** Monotonic time. */
  #leaseEnd = -Infinity
  /** The clock as last seen here. If the file's clock is lost, it continues from this value. */
  #clock: Stamp = 0

  constructor (file: DisposableFile<Statements>, readonly name: string, readonly maxTags: number) {
    this.#file = file
    // The file prunes its own records; the mirror only follows.
    this.#tags = new TagTable(0, Infinity)
  }

  /**
   * Continues with a file that has replaced another.
   *
   * Every stamp of the old file is below the floor of the new one, which is stored in the file
   * itself: no process accepts entries stamped in the old one.
   */
  move (previous: Statements, next: Statements) {
    this.#clock = Math.max(this.#clock, lastClock(previous, this.name))
    this.#tags = new TagTable(0, Infinity)
    this.#latestTag = 0
    this.#latestReplaced = 0
    this.#version = undefined
    next.begin.run({ name: this.name, known: this.#clock })
    next.goOn.run({ name: this.name, known: this.#clock })
    this.#load(next)
  }

  tick (sql: Statements): Stamp {
    // A value computed with this stamp must not depend on data invalidated before it, so the next
    // read checks the file.
    this.#leaseEnd = -Infinity
    const ticked = sql.tick.get(this.name)
    if (ticked !== undefined) {
      this.#clock = ticked.clock
      return ticked.clock
    }
    sql.begin.run({ name: this.name, known: this.#clock })
    return this.tick(sql)
  }

  async stamp () {
    return this.#file.read((sql) => this.tick(sql))
  }

  async callStamp () {
    return this.stamp()
  }

  async invalidate (tags: readonly string[], consistency: Consistency = 'strict') {
    const stamp = this.#write((sql) => {
      const stamp = this.tick(sql)
      for (const tag of tags) sql.record.run(this.name, tag, stamp)
      this.#prune(sql)
      return stamp
    })
    if (consistency === 'strict') await this.waitForLeases()
    return stamp
  }

  async replace (entry: Judged, until: number) {
    // One transaction, so that nothing is invalidated between the check and the write that follows
    // from it.
    return this.#write((sql) => {
      this.#refresh(sql)
      if (!mayReplace(entry, until, this.#tags)) return undefined
      const stamp = this.tick(sql)
      this.#replace(sql, entry.key, stamp, stamp, until)
      return this.tick(sql)
    })
  }

  async stampIfValid (entry: Judged) {
    return this.#write((sql) => {
      this.#refresh(sql)
      return isValid(entry, this.#tags) ? this.tick(sql) : undefined
    })
  }

  async replaced (key: string, stamp: Stamp, until: number) {
    this.#write((sql) => { this.#replace(sql, key, stamp, this.tick(sql), until) })
  }

  async clear (consistency: Consistency = 'strict') {
    const stamp = this.#write((sql) => {
      const stamp = this.tick(sql)
      this.#raise(sql, stamp)
      sql.deleteAll.run(this.name)
      return stamp
    })
    if (consistency === 'strict') await this.waitForLeases()
    return stamp
  }

  isValid (entry: Judged) {
    const now = performance.now()
    if (now >= this.#leaseEnd || now >= this.#file.sameUntil) this.#renew()
    return isValid(entry, this.#tags)
  }

  waitForLeases (): Promise<void> {
    return waitForLeases(LEASE)
  }

  #replace (sql: Statements, key: string, stamp: Stamp, at: Stamp, until: number) {
    sql.replace.run({
      namespace: this.name,
      key,
      stamp,
      at,
      until: Number.isFinite(until) ? Math.ceil(until) : null
    })
    this.#prune(sql)
  }

  /**
   * Called by every writer of records: keeps at most `maxTags` of each kind, and the floor covers
   * the dropped ones.
   */
  #prune (sql: Statements) {
    const last = sql.lastPruned.get(this.name, this.maxTags)
    if (last !== undefined) this.#raise(sql, last.stamp)
    sql.deleteEnded.run(Date.now())
    const lastReplaced = sql.lastReplaced.get(this.name, this.maxTags)
    if (lastReplaced !== undefined) this.#raise(sql, lastReplaced.stamp)
  }

  /** Loads after the commit: a rollback must leave no trace in memory. */
  #write<R> (transaction: (sql: Statements) => R): R {
    return this.#file.write((sql) => {
      const result = sql.db.transaction(transaction).immediate(sql)
      this.#load(sql)
      return result
    })
  }

  #renew () {
    const lookedAt = performance.now()
    if (!this.#isCurrent()) this.#file.read(this.#refresh)
    this.#leaseEnd = lookedAt + LEASE
  }

  #isCurrent (): boolean {
    try {
      return this.#file.current.dataVersion.get() === this.#version
    } catch {
      // The file is damaged or closed: a read continues with a new file, or reports why it cannot.
      return false
    }
  }

  /**
   * The version is read first: a commit in between then shows up as one more change instead of
   * being missed.
   */
  readonly #refresh = (sql: Statements): void => {
    const version = sql.dataVersion.get()
    if (version === this.#version) return
    this.#load(sql)
    this.#version = version
  }

  #load (sql: Statements) {
    // The write lock orders commits, and commits order the clock: new records are those recorded
    // later. Records are read before the floor, which covers any that another process prunes in
    // between.
    for (const { tag, stamp } of sql.recordsAfter.iterate(this.name, this.#latestTag)) {
      this.#tags.record(tag, stamp)
      this.#latestTag = stamp
    }
    for (const { key, stamp, at, until } of sql.replacedAfter.iterate(
      this.name,
      this.#latestReplaced
    )) {
      this.#tags.replace(key, stamp, until ?? Infinity)
      this.#latestReplaced = at
    }
    let namespace = sql.namespace.get(this.name)
    if (namespace === undefined) {
      this.tick(sql)
      namespace = sql.namespace.get(this.name)
    }
    this.#clock = Math.max(this.#clock, namespace?.clock ?? 0)
    this.#tags.raise(namespace?.floor ?? Infinity)
  }

  #raise (sql: Statements, floor: Stamp) {
    sql.raise.run(floor, this.name)
    sql.prune.run(this.name, floor)
    sql.pruneReplaced.run(this.name, floor)
  }
}

/** Returns the last stamp that a file issued, or a later one if the file cannot be read. */
function lastClock (sql: Statements, namespace: string): Stamp {
  try {
    return sql.namespace.get(namespace)?.clock ?? 0
  } catch {
    return (Date.now() + 1) * 1000
  }
}
