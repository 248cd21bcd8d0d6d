const time = '(?<hour>[01]\\d|2[0-3]):(?<minute>[0-5]\\d):(?<second>[0-5]\\d|60)'
const month = '(?<month>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)'
// RFC 9111 4.2: a cache should match dates case-insensitively, although they are generated in only
// one case.
const imfFixdate = new RegExp(
  `^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (?<day>\\d{2}) ${month} (?<year>\\d{4}) ${time} GMT$`,
  'i'
)
const rfc850 = new RegExp(
  `^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (?<day>\\d{2})-${month}-(?<year>\\d{2}) ${time} GMT$`,
  'i'
)
const asctime = new RegExp(
  `^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) ${month} (?<day>[ \\d]\\d) ${time} (?<year>\\d{4})$`,
  'i'
)

/**
 * Parses an HTTP-date (RFC 9110 5.6.7), in ms since the epoch; undefined for anything else.
 *
 * Accepts all three formats and nothing more: Date.parse would accept `0` as a date, and time zones
 * other than GMT (RFC 9111 4.2).
 *
 * @param now ms since the epoch: determines the century of a two-digit year
 */
export function parseHttpDate (field: string, now: number): number | undefined {
  const parts = (imfFixdate.exec(field) ?? rfc850.exec(field) ?? asctime.exec(field))?.groups
  if (parts === undefined) return undefined
  const { year = '', month = '', day, hour, minute, second } = parts
  const midnight = new Date(0)
  // Unlike Date.UTC, this accepts the years 0 to 99 as they are.
  midnight.setUTCFullYear(
    fullYear(year, now),
    'janfebmaraprmayjunjulaugsepoctnovdec'.indexOf(month.toLowerCase()) / 3,
    Number(day)
  )
  // 31 February would become a day in March.
  if (midnight.getUTCDate() !== Number(day)) return undefined
  return midnight.getTime() + ((Number(hour) * 60 + Number(minute)) * 60 + Number(second)) * 1000
}

/**
 * A two-digit year that appears to be more than 50 years ahead is the most recent past one (RFC
 * 9110 5.6.7).
 */
function fullYear (year: string, now: number): number {
  if (year.length === 4) return Number(year)
  const thisYear = new Date(now).getUTCFullYear()
  const thisCentury = thisYear - thisYear % 100 + Number(year)
  return thisCentury > thisYear + 50 ? thisCentury - 100 : thisCentury
}
