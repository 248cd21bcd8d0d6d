import { isValid, type TagRecords } from '../rule-v.js'
import { type Consistency, justAbove, type Judged, type Stamp, type Validity } from '../validity.js'
import type { Change } from './change.js'
import { waitForLeases } from './wait-for-leases.js'

/** A namespace's clock, floor and records in a store, which has to be asked for them. */
export interface RecordKeeper extends Pick<Validity, 'replace' | 'stampIfValid' | 'replaced'> {
  /** The latest stamp that was seen here. None that is issued to this instance is lower. */
  readonly latest: Stamp
  see (stamp: Stamp): void
  /**
   * Issues a stamp. `beginning`: below every stamp of the namespace, which is new, or 0 if it is
   * not.
   */
  stamp (): Promise<{ readonly stamp: Stamp, readonly beginning: Stamp }>
  invalidate (tags: readonly string[]): Promise<Stamp>
  clear (): Promise<Stamp>
  /** The records that judge the entry. */
  of (entry: Judged): Promise<TagRecords>
}

/** The records as an instance knows them. */
export interface RecordMirror {
  /** Invalidations above this stamp are known here. */
  readonly completeFrom: Stamp
  /** Whether every change is known here that was done a lease ago or earlier. */
  readonly isCurrent: boolean
  /** Rule V from what is known here, for certain; undefined where the store has to be asked. */
  isValid (entry: Judged): boolean | undefined
  /** Records a change by this instance. */
  know (change: Change): void
}

/**
 * A namespace's records in a store, judged by a mirror of them for as long as a lease says that it
 * is current.
 */
export class LeasedValidity implements Validity {
  /** @param lease milliseconds; the same for every instance */
  constructor (
    readonly records: RecordKeeper,
    readonly mirror: RecordMirror | undefined,
    readonly lease: number
  ) {}

  async stamp () {
    return (await this.records.stamp()).stamp
  }

  /**
   * Just above the latest stamp that has been seen here is above every invalidation that was
   * acknowledged, if this instance is current. Otherwise the stamp that the store issues is set
   * back by the time its answer took: invalidations that the store executed meanwhile are above it,
   * since no clock issues more than a stamp a microsecond. In a namespace that is new to the store
   * and to this instance all of them are above its beginning.
   */
  async callStamp () {
    const { latest } = this.records
    const seen = justAbove(latest)
    if (this.mirror?.isCurrent === true) return seen
    const called = performance.now()
    const { stamp, beginning } = await this.records.stamp()
    const elapsed = (performance.now() - called) * 1000
    return Math.max(
      seen,
      latest === 0 ? justAbove(beginning) : 0,
      Math.floor(stamp - elapsed * 1.05) - 1
    )
  }

  /**
   * The stamp of a fill that replaces a frame of stamp `above`. It has to be above every earlier
   * invalidation's, or the fill is not kept, and below every later one's. Just above the latest
   * that has been seen here it is, and the store need not be asked.
   */
  fillStamp (above: Stamp): Stamp | Promise<Stamp> {
    const own = justAbove(this.records.latest)
    if (this.mirror?.isCurrent === true && above <= own) return own
    this.records.see(Math.floor(above))
    return this.stamp()
  }

  async invalidate (tags: readonly string[], consistency: Consistency = 'strict') {
    const stamp = await this.records.invalidate(tags)
    this.mirror?.know({ kind: 'invalidate', stamp, tags })
    if (consistency === 'strict') await this.waitForLeases()
    return stamp
  }

  async replace (entry: Judged, until: number) {
    const issued = await this.records.replace(entry, until)
    // The replacement's own is just below.
    if (issued !== undefined) {
      this.mirror?.know({ kind: 'replace', stamp: issued - 1, key: entry.key, until })
    }
    return issued
  }

  stampIfValid (entry: Judged) {
    return this.records.stampIfValid(entry)
  }

  async replaced (key: string, stamp: Stamp, until: number) {
    await this.records.replaced(key, stamp, until)
    this.mirror?.know({ kind: 'replace', stamp, key, until })
  }

  async clear (consistency: Consistency = 'strict') {
    const stamp = await this.records.clear()
    this.mirror?.know({ kind: 'clear', stamp })
    if (consistency === 'strict') await this.waitForLeases()
    return stamp
  }

  isValid (entry: Judged): boolean | Promise<boolean> {
    return this.mirror?.isValid(entry) ?? this.#ask(entry)
  }

  waitForLeases (): Promise<void> {
    return waitForLeases(this.lease)
  }

  async #ask (entry: Judged): Promise<boolean> {
    const completeFrom = this.mirror?.completeFrom ?? Infinity
    if (!isValid(entry, await this.records.of(entry))) return false
    if (completeFrom !== Infinity) {
      entry.validatedAt = Math.max(entry.validatedAt ?? 0, completeFrom + 1)
    }
    return true
  }
}
