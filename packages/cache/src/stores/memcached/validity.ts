import { isValid } from '../../rule-v.js'
import {
  type Consistency,
  justAbove,
  type Judged,
  type Stamp,
  type Validity
} from '../../validity.js'
import { waitForLeases } from '../wait-for-leases.js'
import type { Known, Records } from './records.js'

// Maximum number of tags invalidated by one write of the head: they have to fit in an item.
const AT_ONCE = 1000

/** A namespace's records in Memcached, checked in memory while the lease lasts. */
export class MemcachedValidity implements Validity {
  constructor (readonly records: Records) {}

  stamp () {
    return this.records.change((head) => head.tick())
  }

  /**
   * A stamp just above the known clock is below every later invalidation, and during the lease
   * above every acknowledged strict one. Without the lease the head is read. If nothing has changed
   * since that clock, the head's clock is used. Otherwise the clocks of the instances decide which
   * invalidations preceded this call: a strict one is acknowledged a lease after it was made.
   */
  async callStamp () {
    const before = this.records.known
    const latest = (Date.now() - this.records.lease) * 1000
    if (this.records.isLeased) return justAbove(before.clock)
    await this.records.look()
    const { epoch, clock } = this.records.known
    if (before.epoch === epoch && this.records.changedAt <= before.clock) return justAbove(clock)
    // Nothing is known about changes lost with the head.
    if (before.epoch !== undefined && before.epoch !== epoch) return justAbove(before.clock)
    return Math.max(
      justAbove(before.clock),
      this.#firstStamp(before, latest),
      Math.min(justAbove(clock), latest)
    )
  }

  /**
   * Issues the stamp of a fill that will replace a frame with stamp `above`. No value has been
   * computed for it yet, so the current clock is enough.
   */
  async fillStamp (above: Stamp): Promise<Stamp> {
    if (!this.records.isLeased) await this.records.look()
    const own = justAbove(this.records.known.clock)
    return above <= own ? own : this.records.change((head) => head.tick(above))
  }

  async invalidate (tags: readonly string[], consistency: Consistency = 'strict') {
    // Invalidates in parts; the call is done when the last part is.
    const count = Math.max(1, Math.ceil(tags.length / AT_ONCE))
    const stamps = await Promise.all(Array.from({ length: count }, (_, i) => {
      const part = tags.slice(i * AT_ONCE, (i + 1) * AT_ONCE)
      return this.records.change((head) => head.invalidate(part), part.length)
    }))
    const stamp = Math.max(...stamps)
    if (consistency === 'strict') await this.waitForLeases()
    return stamp
  }

  replace (entry: Judged, until: number) {
    return this.records.change((head, known) => head.replace(entry, until, known))
  }

  stampIfValid (entry: Judged) {
    return this.records.change((head, known) => head.stampIfValid(entry, known))
  }

  async replaced (key: string, stamp: Stamp, until: number) {
    await this.records.change((head) => { head.replaced(key, stamp, until) })
  }

  async clear (consistency: Consistency = 'strict') {
    const stamp = await this.records.change((head) => {
      const stamp = head.tick()
      head.raise(stamp)
      return stamp
    })
    if (consistency === 'strict') await this.waitForLeases()
    return stamp
  }

  isValid (entry: Judged): boolean | Promise<boolean> {
    return this.records.isLeased ? isValid(entry, this.records.mirror) : this.#ask(entry)
  }

  waitForLeases (): Promise<void> {
    return waitForLeases(this.records.lease)
  }

  /**
   * Returns the first stamp of a namespace that is new here: below all its invalidations, unless
   * the namespace began during this call.
   */
  #firstStamp (before: Known, latest: Stamp): Stamp {
    const { beginning, isBegunHere } = this.records
    return before.epoch === undefined && (isBegunHere || beginning <= latest)
      ? justAbove(beginning)
      : 0
  }

  async #ask (entry: Judged): Promise<boolean> {
    await this.records.look()
    return isValid(entry, this.records.mirror)
  }
}
