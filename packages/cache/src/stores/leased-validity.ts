import { isValid, type TagRecords } from '../rule-v.js'
import { type Consistency, justAbove, type Judged, type Stamp, type Validity } from '../validity.js'
import type { Change } from './change.js'
import { waitForLeases } from './wait-for-leases.js'

/** A namespace's clock, floor and records in a remote store. */
export interface RecordKeeper extends Pick<Validity, 'replace' | 'stampIfValid' | 'replaced'> {
  /** The latest stamp seen here. Stamps issued to this instance are never lower. */
  readonly latest: Stamp
  see (stamp: Stamp): void
  /**
   * Issues a stamp. `beginning`: below every stamp of a new namespace, or 0 if the namespace is not
   * new.
   */
  stamp (): Promise<{ readonly stamp: Stamp, readonly beginning: Stamp }>
  invalidate (tags: readonly string[]): Promise<Stamp>
  clear (): Promise<Stamp>
  /** Reads the records that apply to the entry. */
  of (entry: Judged): Promise<TagRecords>
}

/** An instance's copy of the records. */
export interface RecordMirror {
  /** Invalidations above this stamp are known here. */
  readonly completeFrom: Stamp
  /** Whether every change made at least one lease ago is known here. */
  readonly isCurrent: boolean
  /** Applies Rule V if the known records are conclusive; undefined if the store has to be asked. */
  isValid (entry: Judged): boolean | undefined
  /** Applies a change made by this instance. */
  know (change: Change): void
}

/**
 * A namespace's records in a store, with a mirror that decides validity while a lease proves it
 * current.
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
   * If this instance is current, a stamp just above the latest one seen here is above every
   * acknowledged invalidation. Otherwise the stamp that the store issues is set back by the time
   * its answer took: invalidations executed meanwhile are above it, since a clock issues at most
   * one stamp per microsecond. In a namespace that is new to both the store and this instance, all
   * invalidations are above its beginning.
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
   * Returns the stamp of a fill that replaces a frame with stamp `above`.
   *
   * It has to be above every earlier invalidation, or the fill would not be stored, and below every
   * later one. Just above the latest stamp seen here satisfies both, without asking the store.
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
    // The replacement's own stamp is one below.
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
