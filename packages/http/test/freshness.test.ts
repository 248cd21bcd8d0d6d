import t, { type Test } from 'tap'
import type { Headers, HeaderValue, NotStored, StoringOptions } from '../src/index.js'
import { at, freshFor, HOUR, NOW, policy, SECOND } from './support/exchange.js'

// A validator, so that responses that are stale at once are stored anyway, without allowing
// heuristics.
const etag = { etag: '"1"' }
const cc = (value: HeaderValue): Headers => ({ ...etag, 'cache-control': value })

type Row = [
  name: string,
  response: Headers,
  seconds: number | NotStored,
  options?: StoringOptions,
  status?: number
]

function check (t: Test, rows: Row[]) {
  for (const [name, response, seconds, options = {}, status = 200] of rows) {
    t.equal(freshFor({ response, options, status }), seconds, name)
  }
}

t.test('RFC 9111 4.2.1: the first of s-maxage, max-age, Expires', async (t) => check(t, [
  ['s-maxage', cc('s-maxage=30'), 30],
  ['max-age', cc('max-age=60'), 60],
  ['Expires', { ...etag, expires: at(90) }, 90],
  ['s-maxage before max-age', cc('max-age=60, s-maxage=30'), 30],
  ['s-maxage before max-age, though longer', cc('max-age=60, s-maxage=90'), 90],
  ['max-age before Expires (5.3)', { ...cc('max-age=60'), expires: at(90) }, 60],
  ['max-age before a past Expires (5.3)', { ...cc('max-age=60'), expires: at(-90) }, 60],
  ['max-age before a broken Expires (5.3)', { ...cc('max-age=60'), expires: '0' }, 60],
  ['s-maxage before Expires (5.3)', { ...cc('s-maxage=30'), expires: at(90) }, 30],
  ['max-age=0 before a future Expires', { ...cc('max-age=0'), expires: at(90) }, 0],
  ['nothing', etag, 0],
  ['public is no lifetime', cc('public'), 0],
  ['unknown directives are ignored (5.2.3)', cc('foobar=7, max-age=60, x'), 60],
  ['immutable is none of it', cc('immutable'), 0]
]))

t.test('RFC 9111 4.2.1, 1.2.2: values of max-age', async (t) => {
  const table: [HeaderValue, number][] = [
    ['max-age=60', 60],
    ['Max-Age=60', 60],
    ['max-age="60"', 60],
    ['max-age=0060', 60],
    ['max-age=2147483647', 2147483647],
    ['max-age=2147483648', 2 ** 31],
    ['max-age=2147483649', 2 ** 31],
    ['max-age=99999999999999999999', 2 ** 31],
    ['max-age=0', 0],
    // The first of several counts.
    ['max-age=60, max-age=1', 60],
    ['max-age=1, max-age=60', 1],
    [['max-age=1', 'max-age=60'], 1],
    // Ignored within another quoted value.
    ['ext="max-age=60"', 0],
    ['ext="max-age=60", max-age=1', 1],
    ['max-age=1, ext="max-age=60"', 1],
    // An unreadable value makes the response stale.
    ['max-age', 0],
    ['max-age=', 0],
    ['max-age=""', 0],
    ['max-age=-60', 0],
    ['max-age=60.0', 0],
    ['max-age=60.5', 0],
    ['max-age=6e1', 0],
    ['max-age=0x60', 0],
    ['max-age=a60', 0],
    ['max-age=60a', 0],
    ['max-age =60', 0],
    ['max-age= 60', 0],
    ["max-age='60'", 0],
    ['max-age=abc, max-age=60', 0]
  ]
  for (const [value, seconds] of table) {
    t.equal(freshFor({ response: cc(value) }), seconds, JSON.stringify(value))
  }
})

t.test('RFC 9111 4.2.1: values of s-maxage', async (t) => check(t, [
  ['one that cannot be read does not fall back to max-age', cc('s-maxage=x, max-age=60'), 0],
  ['quoted', cc('s-maxage="30"'), 30],
  ['too large', cc('s-maxage=99999999999'), 2 ** 31],
  ['zero', cc('s-maxage=0, max-age=60'), 0]
]))

t.test('RFC 9111 5.3: Expires, less Date (4.2.1)', async (t) =>
  check(t, [
    ['IMF-fixdate', { ...etag, expires: at(60) }, 60],
    ['RFC 850', { ...etag, expires: 'Sunday, 06-Nov-94 08:50:37 GMT' }, 60],
    ['asctime', { ...etag, expires: 'Sun Nov  6 08:50:37 1994' }, 60],
    ['in any case (4.2)', { ...etag, expires: 'SUN, 06 NOV 1994 08:50:37 gmt' }, 60],
    ['in the past', { ...etag, expires: at(-60) }, 0],
    ['at the time of Date', { ...etag, expires: at(0) }, 0],
    ['0', { ...etag, expires: '0' }, 0],
    ['-1', { ...etag, expires: '-1' }, 0],
    ['empty', { ...etag, expires: '' }, 0],
    ['a number', { ...etag, expires: 0 }, 0],
    ['another zone', { ...etag, expires: 'Sun, 06 Nov 1994 08:50:37 UTC' }, 0],
    ['no zone', { ...etag, expires: 'Sun, 06 Nov 1994 08:50:37' }, 0],
    ['no comma', { ...etag, expires: 'Sun 06 Nov 1994 08:50:37 GMT' }, 0],
    ['two spaces', { ...etag, expires: 'Sun, 06  Nov 1994 08:50:37 GMT' }, 0],
    ['dashes', { ...etag, expires: 'Sun, 06-Nov-1994 08:50:37 GMT' }, 0],
    ['a two-digit year', { ...etag, expires: 'Sun, 06 Nov 94 08:50:37 GMT' }, 0],
    ['periods', { ...etag, expires: 'Sun, 06 Nov 1994 08.50.37 GMT' }, 0],
    ['a one-digit hour', { ...etag, expires: 'Sun, 06 Nov 1994 8:50:37 GMT' }, 0],
    ['the first of several', { ...etag, expires: [at(60), at(90)] }, 60],
    ['the first of several, broken', { ...etag, expires: ['0', at(90)] }, 0],
    ['several in one line', { ...etag, expires: `${at(60)}, ${at(90)}` }, 0],
    [
      'counts from Date, and the age since then (4.2.3)',
      { ...etag, expires: at(60), date: at(-20) },
      60
    ],
    ['from a Date that is ahead', { ...etag, expires: at(60), date: at(20) }, 40],
    [
      'from when it was received where there is no Date',
      { ...etag, expires: at(60), date: 'x' },
      60
    ],
    [
      'years ahead',
      { ...etag, expires: 'Fri, 06 Nov 2093 08:49:37 GMT' },
      (Date.UTC(2093, 10, 6, 8, 49, 37) - NOW) / SECOND
    ]
  ])
)

t.test('RFC 9111 4.2: age counts against the lifetime', async (t) => check(t, [
  ['Age', { ...cc('max-age=60'), age: '20' }, 40],
  ['an Age beyond it', { ...cc('max-age=60'), age: '61' }, -1],
  ['an Age beyond s-maxage', { ...cc('s-maxage=30, max-age=60'), age: '40' }, -10],
  ['Date', { ...cc('max-age=60'), date: at(-20) }, 40],
  ['a broken Age is ignored (5.1)', { ...cc('max-age=60'), age: 'abc' }, 60],
  ['a huge one is not', { ...cc('max-age=60'), age: '99999999999' }, 60 - 2 ** 31]
]))

t.test('RFC 9111 4.2.2: heuristics, a tenth of Date - Last-Modified', async (t) => {
  const modified = { 'last-modified': at(-1000) }
  check(t, [
    ['without anything else', modified, 100],
    ['from Date', { ...modified, date: at(-500) }, 50 - 500],
    ['a status that is heuristically cacheable', modified, 100, {}, 404],
    ['another status', modified, 'STATUS', {}, 302],
    [
      'another status that is public (5.2.2.9)',
      { ...modified, 'cache-control': 'public' },
      100,
      {},
      302
    ],
    ['public', { ...modified, 'cache-control': 'public' }, 100],
    ['not with max-age', { ...modified, 'cache-control': 'max-age=7' }, 7],
    ['not with max-age=0', { ...modified, 'cache-control': 'max-age=0' }, 0],
    ['not with a broken max-age', { ...modified, 'cache-control': 'max-age=x' }, 0],
    ['not with s-maxage', { ...modified, 'cache-control': 's-maxage=7' }, 7],
    ['not with Expires', { ...modified, expires: at(7) }, 7],
    ['not with a broken Expires', { ...modified, expires: '0' }, 0],
    ['not when it is off', modified, 0, { heuristic: false }],
    ['when it is on', modified, 100, { heuristic: true }],
    ['modified in the future', { ...etag, 'last-modified': at(1000) }, 0],
    ['modified at its Date', { 'last-modified': at(0) }, 0],
    ['a Last-Modified that is none', { ...etag, 'last-modified': 'yesterday' }, 0],
    ['asctime', { 'last-modified': 'Sun Nov  6 08:49:27 1994' }, 1],
    ['ten days ago', { 'last-modified': at(-864_000) }, 86_400],
    ['a day at most', { 'last-modified': at(-864_010) }, 86_400],
    ['also of what is old', { 'last-modified': 'Thu, 01 Jan 1970 00:00:00 GMT' }, 86_400],
    ['the first of several', { 'last-modified': [at(-1000), at(-10)] }, 100]
  ])
})

t.test('the ttl of a route fixes freshness for this cache', async (t) => {
  const ttl = { ttl: 30 * SECOND }
  check(t, [
    ['where the response says nothing', {}, 30, ttl],
    ['over max-age', cc('max-age=60'), 30, ttl],
    ['over a shorter max-age', cc('max-age=1'), 30, ttl],
    ['over s-maxage', cc('s-maxage=60'), 30, ttl],
    ['over a targeted field', { ...etag, 'cdn-cache-control': 'max-age=60' }, 30, ttl],
    ['over Expires', { ...etag, expires: '0' }, 30, ttl],
    ['over heuristics', { 'last-modified': at(-1000) }, 30, ttl],
    ['from when it was received', { ...cc('max-age=60'), age: '20' }, 30, ttl],
    ['for 404', {}, 30, ttl, 404],
    ['an upper bound for a status that is not cacheable by itself', cc('max-age=60'), 30, ttl, 302],
    ['and no more than that', cc('max-age=5'), 5, ttl, 302],
    ['0', etag, 0, { ttl: 0 }],
    ['an upper bound does not change it', etag, 30, { ...ttl, maxTtl: SECOND }]
  ])
  t.equal(policy({}, { options: ttl }).source, 'ttl')
  t.equal(policy(cc('max-age=60'), { options: ttl, status: 302 }).source, 'max-age')
})

t.test('maxTtl bounds what the origin decides', async (t) => {
  const maxTtl = { maxTtl: 30 * SECOND }
  check(t, [
    ['max-age', cc('max-age=60'), 30, maxTtl],
    ['less than it', cc('max-age=20'), 20, maxTtl],
    ['Expires', { ...etag, expires: at(60) }, 30, maxTtl],
    ['heuristics', { 'last-modified': at(-1000) }, 30, maxTtl],
    ['beside the ttl of a route', cc('max-age=60'), 30, { ttl: HOUR, ...maxTtl }, 302]
  ])
})

t.test('what freshness comes from', async (t) => {
  const table: [Headers, string][] = [
    [cc('s-maxage=60, max-age=1'), 's-maxage'],
    [cc('max-age=1'), 'max-age'],
    [{ expires: at(60) }, 'expires'],
    [{ 'last-modified': at(-60) }, 'heuristic'],
    [{ ...etag, 'last-modified': at(0) }, 'none'],
    [etag, 'none']
  ]
  for (const [response, source] of table) t.equal(policy(response).source, source)
})
