import t from 'tap'
import { deltaSeconds, parseCacheControl, type HeaderValue } from '../src/index.js'

t.test('parseCacheControl (RFC 9111 5.2)', async (t) => {
  const table: [HeaderValue, Record<string, string | true>][] = [
    [undefined, {}],
    ['', {}],
    [7, { 7: true }],
    ['no-store', { 'no-store': true }],
    ['max-age=60, must-revalidate', { 'max-age': '60', 'must-revalidate': true }],
    ['\t max-age=60 ,,\tno-cache ,', { 'max-age': '60', 'no-cache': true }],
    ['Max-Age=60, NO-STORE', { 'max-age': '60', 'no-store': true }],
    ['max-age=60,s-maxage=5', { 'max-age': '60', 's-maxage': '5' }],
    // Repeated fields form one list (RFC 9110 5.3); the first of repeated directives counts (RFC
    // 9111 4.2.1).
    [['max-age=60', 'no-cache'], { 'max-age': '60', 'no-cache': true }],
    ['max-age=1, max-age=2', { 'max-age': '1' }],
    ['private="set-cookie, x-user", max-age=1', { private: 'set-cookie, x-user', 'max-age': '1' }],
    ['max-age="60"', { 'max-age': '60' }],
    ['ext="a \\"b\\", \\\\c", no-store', { ext: 'a "b", \\c', 'no-store': true }],
    ['ext=""', { ext: '' }],
    ['community="UCI"', { community: 'UCI' }],
    // Exception: `no-cache` and `private` add up (4.2.1: the most restrictive).
    ['no-cache="a", no-cache', { 'no-cache': true }],
    ['no-cache, no-cache="a"', { 'no-cache': true }],
    ['private="a", private=b', { private: 'a, b' }],
    ['max-stale, max-stale=1', { 'max-stale': true }],
    // Malformed: the name is kept, and the value is never read as a number of seconds.
    ['max-age =60', { 'max-age': true }],
    ['max-age= 60', { 'max-age': ' 60' }],
    ['max-age=60 seconds', { 'max-age': '60 seconds' }],
    ['max-age="60"x', { 'max-age': '"60"x' }],
    ['max-age=', { 'max-age': '' }],
    ['no-store"x', { 'no-store': true }],
    ['ext="a, no-store', { ext: '"a', 'no-store': true }],
    ['=60, "x", no-store', { 'no-store': true }],
    ['@', {}]
  ]
  for (const [field, expected] of table) {
    t.strictSame(Object.fromEntries(parseCacheControl(field)), expected, JSON.stringify(field))
  }
})

t.test('deltaSeconds (RFC 9111 1.2.2)', async (t) => {
  const table: [string | true | undefined, number | undefined][] = [
    ['0', 0],
    ['60', 60],
    ['007', 7],
    ['2147483648', 2 ** 31],
    ['2147483649', 2 ** 31],
    ['9'.repeat(400), 2 ** 31],
    ['-1', undefined],
    ['1.5', undefined],
    ['1e3', undefined],
    [' 60', undefined],
    ['', undefined],
    [true, undefined],
    [undefined, undefined]
  ]
  for (const [value, expected] of table) t.equal(deltaSeconds(value), expected, String(value))
})
