import t from 'tap'
import { Token, parseList } from 'structured-headers'
import { formatCacheStatus, type CacheStatus } from '../src/index.js'

t.test('formatCacheStatus (RFC 9211 2)', async (t) => {
  const table: [string, CacheStatus, string][] = [
    ['catalog-1', { hit: true, ttl: 35 }, 'catalog-1; hit; ttl=35'],
    ['catalog-1', {}, 'catalog-1'],
    ['c', { hit: true, ttl: -412 }, 'c; hit; ttl=-412'],
    ['c', { hit: false, fwd: 'uri-miss', stored: true, collapsed: true }, 'c; fwd=uri-miss; stored; collapsed'],
    ['c', { fwd: 'stale', fwdStatus: 304, stored: false, collapsed: false }, 'c; fwd=stale; fwd-status=304'],
    ['c', { hit: true, fwd: 'miss' }, 'c; hit'],
    ['c', { ttl: 1.9, fwdStatus: NaN }, 'c; ttl=1'],
    ['c', { ttl: Infinity }, 'c; ttl=999999999999999'],
    ['c', { fwd: 'bypass', detail: 'SET_COOKIE' }, 'c; fwd=bypass; detail=SET_COOKIE'],
    ['c', { detail: 'too large' }, 'c; detail="too large"'],
    ['c', { key: '/a?b="c"\\' }, 'c; key="/a?b=\\"c\\"\\\\"'],
    ['c', { key: '/é\r\nx: y' }, 'c; key="/%C3%A9%0D%0Ax: y"'],
    ['Example Cache', { hit: true }, '"Example Cache"; hit'],
    ['1st', { hit: true }, '"1st"; hit'],
    ['', {}, '""'],
    ['a/b:c', {}, 'a/b:c']
  ]
  for (const [cache, status, expected] of table) t.equal(formatCacheStatus(cache, status), expected)
})

t.test('every value reads back as a structured field (RFC 9651)', async (t) => {
  for (const value of ['a', 'a b', '"', '\\', 'ü\ud800\u0000', '; hit', ', other; hit', '', '*', '%']) {
    const [member, ...others] = parseList(formatCacheStatus(value, { ttl: -0, key: value, detail: value }))
    t.equal(others.length, 0)
    t.strictSame([...(member?.[1].keys() ?? [])], ['ttl', 'key', 'detail'])
    const name: unknown = member?.[0]
    t.ok(typeof name === 'string' || name instanceof Token)
  }
})
