import t from 'tap'
import { parseHttpDate } from '../src/http-date.js'

t.test('parseHttpDate reads the three forms of RFC 9110 5.6.7 and nothing else', async (t) => {
  const same = Date.UTC(1994, 10, 6, 8, 49, 37)
  const table: [string, number | undefined][] = [
    ['Sun, 06 Nov 1994 08:49:37 GMT', same],
    ['Sunday, 06-Nov-94 08:49:37 GMT', same],
    ['Sun Nov  6 08:49:37 1994', same],
    ['Sat, 31 Dec 2016 23:59:60 GMT', Date.UTC(2017, 0, 1)],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
    ['0', undefined],
    ['', undefined],
    ['1994-11-06T08:49:37Z', undefined],
    ['Sun, 06 Nov 1994 08:49:37', undefined],
    ['Sun, 06 Nov 1994 08:49:37 UTC', undefined],
    ['Sun, 06 Nov 1994 24:00:00 GMT', undefined],
    ['Mon, 31 Feb 1994 08:49:37 GMT', undefined],
    ['Thu, 29 Feb 1996 00:00:00 GMT', Date.UTC(1996, 1, 29)],
    ['Wed, 29 Feb 1995 00:00:00 GMT', undefined],
    ['Sun, 00 Nov 1994 08:49:37 GMT', undefined],
    ['Sun, 06 Nov 1994 08:60:37 GMT', undefined],
    ['Sun, 06 Nov 1994 08:49:61 GMT', undefined],
    ['Sun, 06 Nov 1994 23:59:59 GMT', Date.UTC(1994, 10, 6, 23, 59, 59)],
    ['Fri Dec 31 01:02:03 1999', Date.UTC(1999, 11, 31, 1, 2, 3)],
    ['Sunday, 06-Nov-1994 08:49:37 GMT', undefined],
    ['Thu, 01 Jan 0050 00:00:00 GMT', Date.parse('0050-01-01T00:00:00Z')],
    [' Sun, 06 Nov 1994 08:49:37 GMT', undefined],
    ['Sun, 06 Nov 1994 08:49:37 GMT ', undefined],
    ['Sun, 6 Nov 1994 08:49:37 GMT', undefined],
    // A cache should accept them in any case (RFC 9111 4.2).
    ['sun, 06 NOV 1994 08:49:37 gMT', same],
    ['SUNDAY, 06-nov-94 08:49:37 GMT', same],
    ['sun nov  6 08:49:37 1994', same]
  ]
  for (const [field, expected] of table) {
    t.equal(parseHttpDate(field, Date.UTC(2026, 0, 1)), expected, field)
  }
})

t.test('a two-digit year is at most 50 years ahead', async (t) => {
  const now = Date.UTC(2030, 5, 15)
  const table: [digits: string, year: number][] = [
    ['30', 2030],
    ['00', 2000],
    ['29', 2029],
    ['79', 2079],
    ['80', 2080],
    ['81', 1981],
    ['99', 1999]
  ]
  for (const [digits, year] of table) {
    t.equal(
      parseHttpDate(`Monday, 01-Jan-${digits} 00:00:00 GMT`, now),
      Date.UTC(year, 0, 1),
      digits
    )
  }
  t.equal(
    parseHttpDate('Monday, 01-Jan-81 00:00:00 GMT', Date.UTC(2031, 0, 1)),
    Date.UTC(2081, 0, 1),
    'a year later'
  )
})
