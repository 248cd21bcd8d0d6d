import { deltaSeconds } from './cache-control.js'
import { singleValue, type Headers } from './headers.js'
import { parseHttpDate } from './http-date.js'

/** When a request was sent and its response came, in ms since the epoch, on this cache's clock. */
export interface ExchangeTimes {
  readonly requestTime: number
  readonly responseTime: number
}

/**
 * When a response was generated, by its Date; without one that can be read, when it was received
 * (RFC 9110 6.6.1). In ms since the epoch.
 */
export function dateOf (headers: Headers, { responseTime }: ExchangeTimes): number {
  const date = singleValue(headers['date'])
  return (date === undefined ? undefined : parseHttpDate(date, responseTime)) ?? responseTime
}

/**
 * How old a response was when it was received, in ms (corrected_initial_age of RFC 9111 4.2.3). The
 * conservative one of the two ways: a cache on the way that knows nothing of Age must not make an
 * old response new.
 *
 * @param date as of `dateOf`
 */
export function initialAge (
  headers: Headers,
  times: ExchangeTimes,
  date = dateOf(headers, times)
): number {
  const { requestTime, responseTime } = times
  // A Date has whole seconds: what is less may be none.
  const apparentAge = Math.max(0, Math.floor((responseTime - date) / 1000) * 1000)
  // Of a list the first member counts, and what is no delta-seconds is ignored (5.1).
  const [first = ''] = (singleValue(headers['age']) ?? '').split(',')
  const ageValue = (deltaSeconds(first.trim()) ?? 0) * 1000
  return Math.max(apparentAge, ageValue + responseTime - requestTime)
}
