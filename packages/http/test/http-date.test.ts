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
    ['Sun, 6 Nov 1994 08:49:37 GMT', undefined],
    ['sun, 06 nov 1994 08:49:37 gmt', undefined]
  ]
  for (const [field, expected] of table) t.equal(parseHttpDate(field), expected, field)
})

t.test('a two-digit year is at most 50 years ahead', async (t) => {
  const year = new Date().getUTCFullYear()
  for (const ahead of [-40, 0, 50, 51, 59]) {
    const meant = ahead > 50 ? year + ahead - 100 : year + ahead
    const digits = String(year + ahead).slice(-2)
    t.equal(parseHttpDate(`Monday, 01-Jan-${digits} 00:00:00 GMT`), Date.UTC(meant, 0, 1), `${ahead}`)
  }
})
