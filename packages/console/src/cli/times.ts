import { UsageError } from './command.js'

// Milliseconds.
const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/**
 * Reads a time: ISO 8601, a time of day of the last 24 hours, such as `14:03` or `14:03:07`, or how
 * long ago, such as `5m`.
 * @returns ms since 1970
 * @throws UsageError
 */
export function timeIn (text: string, now: number): number {
  const [, amount, unit = ''] = /^(\d{1,6})([a-z])$/.exec(text) ?? []
  if (UNITS[unit] !== undefined) return now - Number(amount) * UNITS[unit]
  const [, hours, minutes, seconds = '0'] = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/.exec(text) ?? []
  if (hours !== undefined) {
    const at = new Date(now)
    at.setHours(Number(hours), Number(minutes), Number(seconds), 0)
    const isValid = Number(hours) < 24 && Number(minutes) < 60 && Number(seconds) < 60
    if (isValid) {
      if (at.getTime() > now) at.setDate(at.getDate() - 1)
      return at.getTime()
    }
  }
  const [day] = /^\d{4}-\d{2}-\d{2}(?=T)/.exec(text) ?? []
  // Date.parse takes the 31st of a shorter month for the next month.
  const isDay = day !== undefined && !Number.isNaN(Date.parse(day)) &&
    new Date(day).toISOString().startsWith(day)
  const parsed = isDay ? Date.parse(text) : NaN
  if (Number.isNaN(parsed)) {
    throw new UsageError(
      `--at ${text} is not a time: write 14:03, 14:03:07, 5m for five minutes ago, or ` +
      '2026-11-29T14:03:00Z')
  }
  return parsed
}

/** Formats a time with its date and milliseconds, in the time zone of the process. */
export function timeText (at: number): string {
  const time = new Date(at)
  const two = (value: number) => String(value).padStart(2, '0')
  const day = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(':')
  return `${day} ${clock}.${String(time.getMilliseconds()).padStart(3, '0')}`
}
