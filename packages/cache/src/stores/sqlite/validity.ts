import type { DisposableFile } from '@weir/sqlite'
import { isValid, mayReplace } from '../../rule-v.js'
import { TagTable } from '../../tag-table.js'
import type { Consistency, Judged, Stamp, Validity } from '../../validity.js'
import { waitForLeases } from '../wait-for-leases.js'
import type { Statements } from './statements.js'

/**
 * Milliseconds for which an instance may judge by its memory after it has looked at the file, and
 * for which strict writes wait before they are done. The same for every process.
 */
const LEASE = 5

/**
 * A namespace's records in the file, and a mirror of them in memory. `PRAGMA data_version` tells
 * whether another process has committed anything since; if so, the mirror is brought up to date
 * before anything is judged.
 *
 * The file is looked at by the first read after the lease has ended, and by no timer. A lease
 * counts from the beginning of the look, so that it covers no commit that came later than that: a
 * strict write waits a lease after its commit. The lease ends early when the path is due to be
 * compared with the file that is open, and when the file is damaged, replaced or closed. A stalled
 * event loop needs no detection.
 *
 * Each read costs one reading of the clock. To judge once per turn of the event loop would not do:
 * a turn may last for longer than any lease.
 */
export class SqliteValidity implements Validity {
  readonly #file: DisposableFile<Statements>
  #tags: TagTable
  /** The data_version the records in memory are from, and the latest stamps among them. */
  #version: number | undefined
  #latestTag: Stamp = 0
  #latestReplaced: Stamp = 0
  /** On the monotonic clock. */
  #leaseEnd = -Infinity
  /** The clock when it was last seen here. If it is lost, it goes on from there. */
  #clock: Stamp = 0

  constructor (file: DisposableFile<Statements>, readonly name: string, readonly maxTags: number) {
    this.#file = file
    // The file prunes its records itself; the mirror only follows.
    this.#tags = new TagTable(0, Infinity)
  }

  /**
   * Goes on with a file that has taken the place of another. Every stamp of the old one is below
   * the floor of the new one, in the file itself: no process takes for valid what was stamped
   * there.
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
    // A value that is computed under this stamp is to see nothing that was invalidated before it:
    // the next read looks.
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
    // In the transaction, so that nothing is invalidated between the question and what follows from
    // it.
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
   * For every writer of records: at most `maxTags` of each kind stay, and the floor covers what
   * went.
   */
  #prune (sql: Statements) {
    const last = sql.lastPruned.get(this.name, this.maxTags)
    if (last !== undefined) this.#raise(sql, last.stamp)
    sql.deleteEnded.run(Date.now())
    const lastReplaced = sql.lastReplaced.get(this.name, this.maxTags)
    if (lastReplaced !== undefined) this.#raise(sql, lastReplaced.stamp)
  }

  /** Loads after the commit: what is rolled back must leave no trace in memory. */
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
      // Damaged, or closed: a read goes on with a new file, or says why it cannot.
      return false
    }
  }

  /** The version is read first: a commit in between is then seen as one more change, not missed. */
  readonly #refresh = (sql: Statements): void => {
    const version = sql.dataVersion.get()
    if (version === this.#version) return
    this.#load(sql)
    this.#version = version
  }

  #load (sql: Statements) {
    // Commits are ordered by the write lock, and the clock by the commits: what is new is what was
    // recorded later. The records come before the floor: those that another process prunes in
    // between, the floor then covers.
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

/** The last stamp that a file issued, or one that is not below it if the file cannot be read. */
function lastClock (sql: Statements, namespace: string): Stamp {
  try {
    return sql.namespace.get(namespace)?.clock ?? 0
  } catch {
    return (Date.now() + 1) * 1000
  }
}
