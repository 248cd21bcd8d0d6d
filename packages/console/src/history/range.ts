import { unusableRange } from '../errors.js'
import { type Period } from '../db/schema.js'
import { DAY, HOUR, hourOf, HOURS_KEPT, MINUTE, minuteOf, MINUTES_KEPT } from './time.js'

/** A range of whole minutes. */
export interface Range {
  /** Minutes since 1970. */
  readonly first: number
  /** The first minute after the range. */
  readonly end: number
  /** The periods that hold the counts: whole hours, and the minutes before and after them. */
  readonly parts: readonly Part[]
}

/** Consecutive periods. */
export interface Part {
  readonly step: Period['step']
  readonly first: number
  readonly end: number
}

/** Default length of a range, and its maximum, in minutes. */
const DEFAULT = 15
const LONGEST = 31 * DAY

/**
 * Returns the range from `from` to `to`; by default the last 15 minutes. A range that begins before
 * the retained minutes begins on the hour. All times are in ms.
 * @throws STATS_ERR_RANGE (400)
 */
export function rangeOf ({ from, to }: { from?: number, to?: number }, now: number): Range {
  const { first, end } = minutesOf(from ?? (to ?? now) - DEFAULT * MINUTE, to ?? now, now)
  if (end - first > LONGEST + 1) {
    throw unusableRange(
      'from',
      'may be at most 31 days before to: /api/stats/history tells of more'
    )
  }
  const oldest = oldestMinute(now)
  const [wholeFirst, wholeEnd] = [
    first < oldest ? hourOf(first) : first,
    end < oldest ? nextHour(end) : end
  ]
  return { first: wholeFirst, end: wholeEnd, parts: partsOf(wholeFirst, wholeEnd) }
}

/**
 * Returns the whole minutes of a range, which ends with the current minute at the latest.
 * @throws STATS_ERR_RANGE (400)
 */
export function minutesOf (from: number, to: number, now: number): { first: number, end: number } {
  if (from >= to) throw unusableRange('from', 'must be before to')
  if (from > now) throw unusableRange('from', `must not be in the future: here it is ${now} now`)
  const first = minuteOf(from)
  if (first < minuteOf(now) - HOURS_KEPT) {
    throw unusableRange('from', 'may be at most 400 days ago: what was before is not kept')
  }
  return { first, end: Math.max(first + 1, Math.min(Math.ceil(to / MINUTE), minuteOf(now) + 1)) }
}

/**
 * Returns the first retained minute. It starts an hour, so that earlier counts exist only as hours.
 */
export const oldestMinute = (now: number) => nextHour(minuteOf(now) - MINUTES_KEPT)

const nextHour = (minute: number) => hourOf(minute + HOUR - 1)

/** Splits a range into parts, so that sums over many minutes read few rows. */
function partsOf (first: number, end: number): Part[] {
  const [firstHour, endHour] = [nextHour(first), hourOf(end)]
  if (firstHour >= endHour) return [{ step: 'minute', first, end }]
  const parts: Part[] = [
    { step: 'minute', first, end: firstHour },
    { step: 'hour', first: firstHour, end: endHour },
    { step: 'minute', first: endHour, end }
  ]
  return parts.filter((part) => part.first < part.end)
}
