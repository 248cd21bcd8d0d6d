import { AgingStamps } from './aging-stamps.js'
import { Replacements } from './replacements.js'
import type { TagRecords } from './rule-v.js'
import type { Stamp } from './validity.js'

/**
 * Tag records in memory: up to `limit` invalidations and as many replacements.
 *
 * Dropping a record raises the floor to its stamp: the entries it applied to become invalid.
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
   * Records an invalidation. Stamps should arrive in roughly ascending order: otherwise pruning
   * invalidates more than necessary.
   */
  record (tag: string, stamp: Stamp): void {
    if (stamp <= this.floor || stamp <= (this.stamps.get(tag) ?? 0)) return
    this.stamps.set(tag, stamp)
    while (this.stamps.size > Math.max(0, this.limit)) this.raise(this.stamps.oldest()?.[1] ?? 0)
  }

  /**
   * Records that entries of the key were replaced.
   * @param until milliseconds since the epoch after which the record may be dropped
   */
  replace (key: string, stamp: Stamp, until: number): void {
    if (stamp <= this.floor) return
    const floor = this.replaced.record(key, stamp, until)
    if (floor > 0) this.raise(floor)
  }

  /** Invalidates everything up to and including `stamp`; records below it are no longer needed. */
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
