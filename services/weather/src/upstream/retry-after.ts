/**
 * Returns the milliseconds to wait, from a Retry-After in seconds or as a date (RFC 9110 section
 * 10.2.3); undefined for other values.
 * @param now in ms since the epoch
 */
export function retryAfterMs (value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000
  const date = /^[A-Z][a-z]{2}, /.test(value) ? Date.parse(value) : NaN
  return Number.isNaN(date) ? undefined : Math.max(0, date - now)
}
