import type { Judged, Stamp } from './validity.js'

/** The stamps by name that Rule V reads. */
interface Stamps {
  readonly size: number
  get (name: string): Stamp | undefined
}

/** The records an entry is checked against, or those of them that concern it. */
export interface TagRecords {
  /** Entries with this stamp or a lower one are invalid. */
  readonly floor: Stamp
  /** The latest invalidation of each tag. No record: no invalidation above the floor is known. */
  readonly stamps: Stamps
  /** The latest replacement of each key. It ends earlier entries of that key only. */
  readonly replaced: Stamps
}

/**
 * Rule V.
 *
 * An entry with the same stamp as a record is invalid. A floor stands for records that no longer
 * exist, so it does not affect an entry that has since been found valid by all of them.
 */
export function isValid (entry: Judged, { floor, stamps, replaced }: TagRecords): boolean {
  const { stamp } = entry
  if ((entry.validatedAt ?? stamp) <= floor) return false
  if (stamps.size > 0) {
    for (const tag of entry.tags) {
      const record = stamps.get(tag)
      if (record !== undefined && stamp <= record) return false
    }
  }
  if (replaced.size === 0) return true
  const replacement = replaced.get(entry.key)
  return replacement === undefined || stamp > replacement
}

/**
 * Reports whether the entry may replace its key's current entry.
 * @param until see `Validity.replace`: without expiry the value was set explicitly, and also
 *   replaces values that were set meanwhile
 */
export function mayReplace (entry: Judged, until: number, records: TagRecords): boolean {
  return isValid(
    entry,
    until === Infinity ? { floor: records.floor, stamps: records.stamps, replaced: NONE } : records
  )
}

const NONE: Stamps = new Map<string, Stamp>()
