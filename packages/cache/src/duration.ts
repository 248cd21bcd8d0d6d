import { CacheError, shown } from './errors.js'

const MILLISECONDS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
type Unit = keyof typeof MILLISECONDS

/** A span of time: milliseconds as a number, or text such as `'500ms'`, `'60s'`, `'5m'`, `'2h'`, `'1d'`. */
export type Duration = number | `${number}${Unit}`

const isUnit = (text: string | undefined): text is Unit => text !== undefined && text in MILLISECONDS

/**
 * Milliseconds of a duration. Takes `unknown` because options come from plain JavaScript too.
 * @throws CacheError WEIR_CACHE_INVALID_DURATION
 * @example parseDuration('1.5m') // 90000
 */
export function parseDuration (value: unknown, name = 'duration'): number {
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value
  if (typeof value === 'string') {
    const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(value) ?? []
    if (amount !== undefined && isUnit(unit)) return Number(amount) * MILLISECONDS[unit]
  }
  throw new CacheError('WEIR_CACHE_INVALID_DURATION', `${name}: ${shown(value)}`)
}

/** The longest span that every store can count with, in milliseconds: a hundred years. It stands for a value without an end. */
export const LONGEST = 100 * 365 * 86_400_000

/** The longest that a timer of Node waits, in milliseconds: 24.8 days. One that is set for longer fires at once. */
export const LONGEST_TIMER = 2 ** 31 - 1
