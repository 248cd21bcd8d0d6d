import { AgingStamps } from './aging-stamps.js'
import { Replacements } from './replacements.js'
import type { TagRecords } from './rule-v.js'
import type { Stamp } from './validity.js'

/**
 * Tag records in memory: at most `limit` of invalidations, and as many of replacements. Dropping a
 * record raises the floor to its stamp: the entries it judged become invalid.
 */
export class TagTable implements TagRecords {
  floor: Stamp
  readonly stamps = new AgingStamps()
  readonly replaced: Replacements

  constructor (floor: Stamp, readonly limit: number) {
    this.floor = floor
    this.replaced = new Replacements(limit)
  }

  /**
   * Records an invalidation. Stamps should come about in ascending order: pruning goes by that, and
   * may end more than it had to.
   */
  record (tag: string, stamp: Stamp): void {
    if (stamp <= this.floor || stamp <= (this.stamps.get(tag) ?? 0)) return
    this.stamps.set(tag, stamp)
    while (this.stamps.size > Math.max(0, this.limit)) this.raise(this.stamps.oldest()?.[1] ?? 0)
  }

  /**
   * Records that entries of the key were replaced.
   * @param until milliseconds since the epoch at which the record may be forgotten
   */
  replace (key: string, stamp: Stamp, until: number): void {
    if (stamp <= this.floor) return
    const floor = this.replaced.record(key, stamp, until)
    if (floor > 0) this.raise(floor)
  }

  /**
   * Everything up to and including `stamp` is invalid from now on; records below it say nothing
   * more.
   */
  raise (stamp: Stamp): void {
    this.floor = Math.max(this.floor, stamp)
    this.replaced.raise(this.floor)
    for (;;) {
      const oldest = this.stamps.oldest()
      if (oldest === undefined || oldest[1] > this.floor) return
      this.stamps.delete(oldest[0])
    }
  }
}
