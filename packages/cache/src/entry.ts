import { LONGEST } from './duration.js'
import { CacheError, shown } from './errors.js'
import type { Stamp } from './validity.js'

/**
 * A stored value with the data needed to check its validity and freshness.
 *
 * Times are milliseconds since the epoch, on the clock of the instance that filled the entry.
 */
export interface Entry<T> {
  readonly value: T
  /** Taken before the value was computed. Rule V compares it with the records of the tags. */
  readonly stamp: Stamp
  readonly tags: readonly string[]
  readonly storedAt: number
  readonly freshUntil: number
  /**
   * End of the time in which a stale value may be served while a new one is fetched (RFC 5861,
   * section 3).
   */
  readonly staleUntil: number
  /**
   * End of the time in which a stale value may be served instead of an error (RFC 5861, section 4).
   */
  readonly errorUntil: number
  /**
   * Milliseconds after `freshUntil` for which the entry is retained.
   *
   * A retained entry can be served stale or validated (RFC 9111, section 4.3). A whole number takes
   * less memory than a time would.
   */
  readonly keptFor: number
  /** Name of the cache whose fill produced the entry; '' if that cache has none. */
  readonly filledBy: string
  /** Microseconds that computing the value took, and that every hit saves. */
  readonly cost: number
}

/**
 * `stale`: within the stale-while-revalidate window. `expired`: usable at most instead of an error.
 */
export type Freshness = 'fresh' | 'stale' | 'expired'

/** The time after which the entry has no use. */
export const goneAt = ({ freshUntil, keptFor }: Omit<Entry<unknown>, 'value'>) =>
  freshUntil + keptFor

export function freshness (
  entry: Pick<Entry<unknown>, 'freshUntil' | 'staleUntil'>,
  now: number
): Freshness {
  if (now < entry.freshUntil) return 'fresh'
  return now < entry.staleUntil ? 'stale' : 'expired'
}

/** Milliseconds for which the entry stays fresh; Infinity if it does not expire. */
export function freshFor ({ storedAt, freshUntil }: Entry<unknown>): number {
  return freshUntil - storedAt >= LONGEST ? Infinity : freshUntil - Date.now()
}

/** Reports whether the entry may be served instead of an error (RFC 5861, section 4). */
export function servesError (entry: Entry<unknown>, now: number): boolean {
  return now < entry.errorUntil
}

// A lone surrogate has no UTF-8 form: a store would return a different string.
const LONE_SURROGATE = /\p{Cs}/u

/** The first character of a key's own tag. */
const KEY_MARK = '\u0001'

/**
 * The tag that every entry carries for its own key.
 *
 * With it, deleting a key is an ordinary invalidation, which also covers fills in progress. Other
 * entries may carry the tag too: they end with the key.
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

/** Reports whether the text survives a round trip through UTF-8. */
export const isWellFormed = (text: string) => !LONE_SURROGATE.test(text)
