import t from 'tap'
import { Token, parseList } from 'structured-headers'
import {
  appendCacheStatus,
  formatCacheStatus,
  type CacheStatus,
  type HeaderValue
} from '../src/index.js'

t.test('formatCacheStatus (RFC 9211 2)', async (t) => {
  const table: [string, CacheStatus, string][] = [
    ['catalog-1', { hit: true, ttl: 35 }, 'catalog-1; hit; ttl=35'],
    ['catalog-1', {}, 'catalog-1'],
    ['c', { hit: true, ttl: -412 }, 'c; hit; ttl=-412'],
    [
      'c',
      { hit: false, fwd: 'uri-miss', stored: true, collapsed: true },
      'c; fwd=uri-miss; stored; collapsed'
    ],
    ['c', { fwd: 'stale', fwdStatus: 304, stored: false }, 'c; fwd=stale; fwd-status=304'],
    // The request waited for another's response and could not use it (2.6).
    ['c', { fwd: 'miss', collapsed: false }, 'c; fwd=miss; collapsed=?0'],
    ...(
      ['bypass', 'method', 'uri-miss', 'vary-miss', 'miss', 'request', 'stale', 'partial'] as const
    ).map((fwd): [string, CacheStatus, string] => ['c', { fwd }, `c; fwd=${fwd}`]),
    ['c', { hit: true, ttl: -1e20 }, 'c; hit; ttl=-999999999999999'],
    [
      'c',
      {
        fwd: 'miss',
        fwdStatus: 200,
        ttl: 5,
        stored: true,
        collapsed: true,
        key: '/a',
        detail: 'x'
      },
      'c; fwd=miss; fwd-status=200; ttl=5; stored; collapsed; key="/a"; detail=x'
    ],
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
  for (const value of [
    'a',
    'a b',
    '"',
    '\\',
    'ü\ud800\u0000',
    '; hit',
    ', other; hit',
    '',
    '*',
    '%'
  ]) {
    const [member, ...others] = parseList(
      formatCacheStatus(value, { ttl: -0, key: value, detail: value })
    )
    t.equal(others.length, 0)
    t.strictSame([...(member?.[1].keys() ?? [])], ['ttl', 'key', 'detail'])
    const name: unknown = member?.[0]
    t.ok(typeof name === 'string' || name instanceof Token)
  }
})

t.test('a cache comes after those nearer to the origin (RFC 9211 2)', async (t) => {
  const table: [HeaderValue, string][] = [
    [undefined, 'c; hit'],
    ['', 'c; hit'],
    [' ', 'c; hit'],
    ['origin; hit', 'origin; hit, c; hit'],
    [['origin; hit', '"CDN, Inc."; fwd=miss'], 'origin; hit, "CDN, Inc."; fwd=miss, c; hit']
  ]
  for (const [existing, expected] of table) {
    t.equal(appendCacheStatus(existing, 'c; hit'), expected, JSON.stringify(existing))
  }
})
