import { millisecondsOf, type Unit } from '@weir/internal'
import { CacheError, shown } from './errors.js'

/**
 * A time span: milliseconds, or text such as `'500ms'`, `'60s'`, `'1.5m'`, `'2h'`, `'1d'`.
 *
 * The type also accepts `'-5s'` and `'1e3ms'`, which are rejected at run time: no narrower type
 * accepts `${seconds}s`.
 */
export type Duration = number | `${number}${Unit}`

/**
 * Returns a duration in milliseconds. Accepts `unknown`, because plain JavaScript passes anything.
 * @throws CacheError WEIR_CACHE_INVALID_DURATION
 * @example parseDuration('1.5m') // 90000
 */
export function parseDuration (value: unknown, name = 'duration'): number {
  const milliseconds = millisecondsOf(value)
  if (milliseconds !== undefined) return milliseconds
  throw new CacheError('WEIR_CACHE_INVALID_DURATION', `${name}: ${shown(value)}`)
}

/**
 * The longest span that every store supports: a hundred years in milliseconds. Used for values that
 * do not expire.
 */
export const LONGEST = 100 * 365 * 86_400_000

/** The longest delay of a Node timer, in milliseconds: 24.8 days. A longer one fires at once. */
export const LONGEST_TIMER = 2 ** 31 - 1
