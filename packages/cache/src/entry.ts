import { LONGEST } from './duration.js'
import { CacheError, shown } from './errors.js'
import type { Stamp } from './validity.js'

/**
 * One stored value with what is needed to judge it.
 * Times are milliseconds since the epoch, on the clock of the instance that filled it.
 */
export interface Entry<T> {
  readonly value: T
  /** Taken before the value was computed: Rule V compares it with the tags' records. */
  readonly stamp: Stamp
  readonly tags: readonly string[]
  readonly storedAt: number
  readonly freshUntil: number
  /** Until then a stale value may be served while a new one is fetched (RFC 5861, section 3). */
  readonly staleUntil: number
  /** Until then a stale value may be served instead of an error (RFC 5861, section 4). */
  readonly errorUntil: number
  /**
   * How long after `freshUntil` it is retained, in milliseconds, to be served stale or to be
   * validated (RFC 9111, section 4.3). A whole number costs an entry in memory less than a time
   * would.
   */
  readonly keptFor: number
  /** The instance whose fill this is: the `name` of its cache; '' if it has none. */
  readonly filledBy: string
  /** Microseconds that computing the value took, and every hit saves. */
  readonly cost: number
}

/**
 * `stale`: within its stale-while-revalidate window. `expired`: at most good enough instead of an
 * error.
 */
export type Freshness = 'fresh' | 'stale' | 'expired'

/** When nobody may want the entry any more. */
export const goneAt = ({ freshUntil, keptFor }: Entry<unknown>) => freshUntil + keptFor

export function freshness (entry: Entry<unknown>, now: number): Freshness {
  if (now < entry.freshUntil) return 'fresh'
  return now < entry.staleUntil ? 'stale' : 'expired'
}

/**
 * Milliseconds for which the entry is fresh, from now; Infinity if it was stored without an end.
 */
export function freshFor ({ storedAt, freshUntil }: Entry<unknown>): number {
  return freshUntil - storedAt >= LONGEST ? Infinity : freshUntil - Date.now()
}

/** Whether the entry may stand in for a failed fill (RFC 5861, section 4). */
export function servesError (entry: Entry<unknown>, now: number): boolean {
  return now < entry.errorUntil
}

// A lone surrogate has no UTF-8: a store would give back another string, which no longer names what
// it named.
const LONE_SURROGATE = /\p{Cs}/u

/** The first character of a key's tag. */
const KEY_MARK = '\u0001'

/**
 * The tag that every entry carries for its own key, so that deleting a key is an invalidation like
 * any other and also stops a fill of that key that is still under way. Other entries may carry it
 * too: they end with the key.
 */
export const keyTag = (key: string) => KEY_MARK + key

/** @throws CacheError WEIR_CACHE_INVALID_TAG */
export function checkTags (tags: unknown): asserts tags is readonly string[] {
  if (!Array.isArray(tags)) {
    throw new CacheError('WEIR_CACHE_INVALID_TAG', `${shown(tags)}, not in an array,`)
  }
  for (const tag of tags as readonly unknown[]) {
    if (!isName(tag)) throw new CacheError('WEIR_CACHE_INVALID_TAG', shown(tag))
  }
}

/** @throws CacheError WEIR_CACHE_INVALID_KEY */
export function checkKey (key: unknown): void {
  if (!isName(key)) throw new CacheError('WEIR_CACHE_INVALID_KEY', shown(key))
}

const isName = (value: unknown) => typeof value === 'string' && value !== '' && isWellFormed(value)

/** Whether UTF-8 gives the text back as it is. */
export const isWellFormed = (text: string) => !LONE_SURROGATE.test(text)
