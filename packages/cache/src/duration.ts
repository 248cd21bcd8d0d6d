import { millisecondsOf, type Unit } from '@weir/internal'
import { CacheError, shown } from './errors.js'

/**
 * A span of time: milliseconds as a number, or text such as `'500ms'`, `'60s'`, `'1.5m'`, `'2h'`,
 * `'1d'`. The type takes `'-5s'` and `'1e3ms'` as well, which are no durations: it has no narrower
 * one that takes `${seconds}s`.
 */
export type Duration = number | `${number}${Unit}`

/**
 * Milliseconds of a duration. Takes `unknown` because options come from plain JavaScript too.
 * @throws CacheError WEIR_CACHE_INVALID_DURATION
 * @example parseDuration('1.5m') // 90000
 */
export function parseDuration (value: unknown, name = 'duration'): number {
  const milliseconds = millisecondsOf(value)
  if (milliseconds !== undefined) return milliseconds
  throw new CacheError('WEIR_CACHE_INVALID_DURATION', `${name}: ${shown(value)}`)
}

/**
 * The longest span that every store can count with, in milliseconds: a hundred years. It stands for
 * a value without an end.
 */
export const LONGEST = 100 * 365 * 86_400_000

/**
 * The longest that a timer of Node waits, in milliseconds: 24.8 days. One that is set for longer
 * fires at once.
 */
export const LONGEST_TIMER = 2 ** 31 - 1
