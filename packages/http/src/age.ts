import { deltaSeconds } from './cache-control.js'
import { singleValue, type Headers } from './headers.js'
import { parseHttpDate } from './http-date.js'

/**
 * Times of sending a request and receiving its response, in ms since the epoch, on this cache's
 * clock.
 */
export interface ExchangeTimes {
  readonly requestTime: number
  readonly responseTime: number
}

/**
 * Returns the time at which a response was generated, in ms since the epoch.
 *
 * Taken from its Date, or if that is missing or invalid, the time of receipt (RFC 9110 6.6.1).
 */
export function dateOf (headers: Headers, { responseTime }: ExchangeTimes): number {
  const date = singleValue(headers['date'])
  return (date === undefined ? undefined : parseHttpDate(date, responseTime)) ?? responseTime
}

/**
 * Returns the age of a response when it was received, in ms (corrected_initial_age of RFC 9111
 * 4.2.3).
 *
 * Uses the more conservative calculation: an intermediate cache that does not support Age must not
 * make an old response look new.
 *
 * @param date as returned by `dateOf`
 */
export function initialAge (
  headers: Headers,
  times: ExchangeTimes,
  date = dateOf(headers, times)
): number {
  const { requestTime, responseTime } = times
  // A Date has whole seconds: a smaller difference may be none.
  const apparentAge = Math.max(0, Math.floor((responseTime - date) / 1000) * 1000)
  // Only the first member of a list counts, and values that are not delta-seconds are ignored
  // (5.1).
  const [first = ''] = (singleValue(headers['age']) ?? '').split(',')
  const ageValue = (deltaSeconds(first.trim()) ?? 0) * 1000
  return Math.max(apparentAge, ageValue + responseTime - requestTime)
}
