import type { Judged, Stamp } from './validity.js'

/** Stamps by name, as far as Rule V asks for them. */
interface Stamps {
  readonly size: number
  get (name: string): Stamp | undefined
}

/** The records that an entry is judged by, or those of them that concern it. */
export interface TagRecords {
  /** No entry with this stamp or a lower one is valid. */
  readonly floor: Stamp
  /** The latest invalidation of each tag; no record: none is known above the floor. */
  readonly stamps: Stamps
  /** The latest replacement of each key. It ends earlier entries of that key, and no others. */
  readonly replaced: Stamps
}

/**
 * Rule V. An entry of the same stamp as a record is invalid. A floor is a claim about records that
 * are not there any more: it says nothing of an entry that was found valid since, by all of them.
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
 * Whether the entry may take the place of what its key has.
 * @param until see `Validity.replace`: without an end it is put by hand, and replaces whatever
 *   was put there since, too
 */
export function mayReplace (entry: Judged, until: number, records: TagRecords): boolean {
  return isValid(
    entry,
    until === Infinity ? { floor: records.floor, stamps: records.stamps, replaced: NONE } : records
  )
}

const NONE: Stamps = new Map<string, Stamp>()
