import { axisTime } from './format.js'

/** A time range that ends now, or a fixed one. */
export interface Range {
  readonly id: string
  readonly label: string
  /** The range as part of a sentence, such as `in the last 15 minutes`. */
  readonly within: string
  /** The preceding range of the same length, such as `the 15 minutes before`. */
  readonly before: string
  readonly minutes: number
  /** Resolution of the history. */
  readonly step: 'minute' | 'hour'
  /** End of a fixed range in ms since 1970. */
  readonly to?: number
}

const MINUTE = 60_000
const HOUR = 60
const DAY = 24 * HOUR
/** Longest range that one response covers by the minute, in minutes. */
const MOST_MINUTES = 1500
/** Retention of the history by the minute, in minutes. */
const MINUTES_KEPT = 2 * DAY - HOUR
const LONGEST = 31 * DAY

const last = (id: string, label: string, minutes: number, stretch = label): Range => ({
  id,
  label,
  within: `in the last ${stretch}`,
  before: `the ${stretch} before`,
  minutes,
  step: minutes <= MOST_MINUTES ? 'minute' : 'hour'
})

const DEFAULT = last('15m', '15 minutes', 15)

export const RANGES: readonly Range[] = [
  DEFAULT,
  last('1h', '1 hour', HOUR, 'hour'),
  last('24h', '24 hours', DAY),
  last('30d', '30 days', 30 * DAY)
]

/**
 * Reads the range from an address: `range` with a known id, or `from` and `to` in ms since 1970.
 *
 * @param fallback id of the range to use if the address has no valid one
 */
export function rangeIn (query: URLSearchParams, now: number, fallback = '15m'): Range {
  const [from, to] = [numberIn(query, 'from'), numberIn(query, 'to')]
  if (from !== undefined && to !== undefined && from < to && from < now) {
    return fixedRange(from, to, now)
  }
  const named = (id: string | null) => RANGES.find((range) => range.id === id)
  return named(query.get('range')) ?? named(fallback) ?? DEFAULT
}

/**
 * Returns a fixed range of whole minutes, from two minutes to 31 days long.
 *
 * @param from ms since 1970
 */
export function fixedRange (from: number, to: number, now: number): Range {
  const end = Math.ceil(to / MINUTE)
  const first = Math.max(end - LONGEST, Math.min(Math.floor(from / MINUTE), end - 2))
  const isOld = first < Math.floor(now / MINUTE) - MINUTES_KEPT
  const minutes = end - first
  const text = (minute: number) => axisTime(minute * MINUTE, now - first * MINUTE)
  return {
    id: `${first}-${end}`,
    label: `${text(first)} – ${text(end)}`,
    within: `from ${text(first)} to ${text(end)}`,
    before: 'the same time before',
    minutes,
    step: isOld || minutes > MOST_MINUTES ? 'hour' : 'minute',
    to: end * MINUTE
  }
}

/**
 * Returns `from` and `to` for the API in whole minutes, so that viewers within the same minute
 * share a cached response.
 */
export const bounds = (range: Range, now: number): string => spanUntil(endOf(range, now), range)

/** Returns the bounds of the preceding range of the same length. */
export const boundsBefore = (range: Range, now: number): string =>
  spanUntil(endOf(range, now) - range.minutes * MINUTE, range)

/** Returns the query parameters that select a range. */
export const rangeQuery = (range: Range): Readonly<Record<string, string>> =>
  range.to === undefined
    ? { range: range.id }
    : { from: String(range.to - range.minutes * MINUTE), to: String(range.to) }

/** Ways to change a range without a pointer. */
export type Move = 'earlier' | 'later' | 'in' | 'out'

/**
 * Returns the range before or after this one, its half, or its double; undefined if none exists.
 *
 * @param now ms since 1970
 */
export function moved (range: Range, move: Move, now: number): Range | undefined {
  const [to, length] = [endOf(range, now), range.minutes * MINUTE]
  const from = to - length
  if (move === 'earlier') return fixedRange(from - length / 2, to - length / 2, now)
  if (move === 'later') {
    return range.to === undefined || to >= now
      ? undefined
      : fixedRange(from + length / 2, to + length / 2, now)
  }
  if (move === 'in') {
    return range.minutes <= 2 ? undefined : fixedRange(from + length / 4, to - length / 4, now)
  }
  if (range.minutes >= LONGEST) return undefined
  const end = Math.min(to + length / 2, nextMinute(now))
  return fixedRange(end - length * 2, end, now)
}

const nextMinute = (now: number): number => (Math.floor(now / MINUTE) + 1) * MINUTE
const endOf = ({ to }: Range, now: number): number => to ?? nextMinute(now)
const spanUntil = (to: number, { minutes }: Range): string =>
  `from=${to - minutes * MINUTE}&to=${to}`

function numberIn (query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name) ?? ''
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined
}
