const time = '(?<hour>[01]\\d|2[0-3]):(?<minute>[0-5]\\d):(?<second>[0-5]\\d|60)'
const month = '(?<month>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)'
const imfFixdate = new RegExp(`^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (?<day>\\d{2}) ${month} (?<year>\\d{4}) ${time} GMT$`)
const rfc850 = new RegExp(`^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (?<day>\\d{2})-${month}-(?<year>\\d{2}) ${time} GMT$`)
const asctime = new RegExp(`^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) ${month} (?<day>[ \\d]\\d) ${time} (?<year>\\d{4})$`)

/**
 * Reads an HTTP-date (RFC 9110 5.6.7), in ms since the epoch; undefined when it is not one.
 * All three forms are read, and nothing else: Date.parse would take `0` for a date.
 */
export function parseHttpDate (field: string): number | undefined {
  const parts = (imfFixdate.exec(field) ?? rfc850.exec(field) ?? asctime.exec(field))?.groups
  if (parts === undefined) return undefined
  const { year = '', month = '', day, hour, minute, second } = parts
  const midnight = new Date(Date.UTC(fullYear(year), 'JanFebMarAprMayJunJulAugSepOctNovDec'.indexOf(month) / 3, Number(day)))
  // Date.UTC lets 31 February roll over into March.
  if (midnight.getUTCDate() !== Number(day)) return undefined
  return midnight.getTime() + ((Number(hour) * 60 + Number(minute)) * 60 + Number(second)) * 1000
}

/** A two-digit year that seems more than 50 years ahead is the most recent past one. */
function fullYear (year: string): number {
  if (year.length === 4) return Number(year)
  const now = new Date().getUTCFullYear()
  const thisCentury = now - now % 100 + Number(year)
  return thisCentury > now + 50 ? thisCentury - 100 : thisCentury
}
