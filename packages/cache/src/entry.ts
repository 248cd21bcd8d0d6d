import { CacheError, shown } from './errors.js'
import type { Stamp } from './store.js'

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
   * How long after `freshUntil` it is kept, in milliseconds, to be served, or to be validated by who can (RFC 9111, section 4.3).
   * A whole number, which costs an entry in memory less than a time would.
   */
  readonly keptFor: number
  /** The instance whose fill this is: the `name` of its cache; '' if it has none. */
  readonly filledBy: string
  /** Microseconds that computing the value took, and every hit saves. */
  readonly cost: number
}

/** `stale`: within its stale-while-revalidate window. `expired`: at most good enough instead of an error. */
export type Freshness = 'fresh' | 'stale' | 'expired'

/** When nobody may want the entry any more. */
export const goneAt = ({ freshUntil, keptFor }: Entry<unknown>) => freshUntil + keptFor

export function freshness (entry: Entry<unknown>, now: number): Freshness {
  if (now < entry.freshUntil) return 'fresh'
  return now < entry.staleUntil ? 'stale' : 'expired'
}

/** Whether the entry may stand in for a failed fill (RFC 5861, section 4). */
export function servesError (entry: Entry<unknown>, now: number): boolean {
  return now < entry.errorUntil
}

// A lone surrogate has no UTF-8: a store would give back another string, which no longer names what it named.
const LONE_SURROGATE = /\p{Cs}/u
// eslint-disable-next-line no-control-regex -- control characters are what is refused
const CONTROL = /[\u0000-\u001f\u007f]/

/** What sets the tag of a key apart from tags people name, which have no control characters. */
const KEY_MARK = '\u0001'

/**
 * The tag that every entry carries for its own key, so that deleting a key is an invalidation like any other and also
 * stops a fill of that key that is still under way. Other entries may carry it too: they end with the key.
 */
export const keyTag = (key: string) => KEY_MARK + key

/** @throws CacheError WEIR_CACHE_INVALID_TAG */
export function checkTags (tags: readonly unknown[]): void {
  if (!Array.isArray(tags)) throw new CacheError('WEIR_CACHE_INVALID_TAG', `${shown(tags)}, not in an array,`)
  for (const tag of tags as readonly unknown[]) {
    const name = typeof tag === 'string' && tag.startsWith(KEY_MARK) ? tag.slice(KEY_MARK.length) : tag
    if (typeof name !== 'string' || name === '' || CONTROL.test(name) || LONE_SURROGATE.test(name)) {
      throw new CacheError('WEIR_CACHE_INVALID_TAG', shown(tag))
    }
  }
}

/** @throws CacheError WEIR_CACHE_INVALID_KEY */
export function checkKey (key: unknown): void {
  if (typeof key !== 'string' || key === '' || LONE_SURROGATE.test(key)) {
    throw new CacheError('WEIR_CACHE_INVALID_KEY', shown(key))
  }
}
