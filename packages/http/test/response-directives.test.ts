import t from 'tap'
import type { Headers, HeaderValue } from '../src/index.js'
import { at, freshFor, stored } from './support/exchange.js'

// A lifetime in Cache-Control of 7 s, which shows when it is used.
const others = { etag: '"1"', 'cache-control': 'max-age=7', expires: at(9) }

t.test('RFC 9213 2.2: a targeted field decides instead of Cache-Control and Expires', async (t) => {
  const table: [name: string, response: Headers, seconds: number | string][] = [
    ['none: Cache-Control', others, 7],
    ['longer', { ...others, 'cdn-cache-control': 'max-age=60' }, 60],
    ['shorter', { ...others, 'cdn-cache-control': 'max-age=1' }, 1],
    ['0', { ...others, 'cdn-cache-control': 'max-age=0' }, 0],
    ['s-maxage first', { ...others, 'cdn-cache-control': 'max-age=60, s-maxage=30' }, 30],
    ['no-store', { ...others, 'cdn-cache-control': 'no-store' }, 'NO_STORE'],
    ['private', { ...others, 'cdn-cache-control': 'private, max-age=60' }, 'PRIVATE'],
    [
      'no-store of Cache-Control is for others',
      { ...others, 'cache-control': 'no-store', 'cdn-cache-control': 'max-age=60' },
      60
    ],
    [
      'private of Cache-Control is for others',
      { ...others, 'cache-control': 'private', 'cdn-cache-control': 'max-age=60' },
      60
    ],
    ['Expires is for others', { ...others, 'cdn-cache-control': 'none' }, 0],
    [
      'an unknown directive is ignored, the field is not',
      { ...others, 'cdn-cache-control': 'foobar, max-age=60' },
      60
    ],
    [
      'heuristics where it has no lifetime',
      { ...others, 'last-modified': at(-1000), 'cdn-cache-control': 'public' },
      100
    ],
    ['parameters are ignored', { ...others, 'cdn-cache-control': 'max-age=60;x=1' }, 60],
    ['of several lines', { ...others, 'cdn-cache-control': ['public', 'max-age=60'] }, 60],
    ['the last of several', { ...others, 'cdn-cache-control': 'max-age=1, max-age=60' }, 60],
    ['too large', { ...others, 'cdn-cache-control': 'max-age=99999999999' }, 2 ** 31],
    ['negative', { ...others, 'cdn-cache-control': 'max-age=-60' }, 0],
    [
      'a field that is not on the list does not count',
      { ...others, 'other-cache-control': 'no-store' },
      7
    ]
  ]
  for (const [name, response, seconds] of table) t.equal(freshFor({ response }), seconds, name)
})

t.test('RFC 9213 2.1: a field that is empty, or none, is ignored', async (t) => {
  const table: HeaderValue[] = [
    '',
    ' ',
    'max-age=60, &&&&&',
    'max-age =60',
    'max-age= 60',
    'MaX-aGe=60',
    'max-age=60,',
    'max-age=',
    'max-age=999999999999999999',
    // The type differs from that of the directive.
    'max-age="60"',
    'max-age=60.5',
    'max-age',
    'max-age=a',
    'max-age=(60)',
    's-maxage=:YQ==:',
    'stale-if-error',
    'stale-while-revalidate="1"',
    'max-age=60, no-store=1',
    'max-age=60, no-store=?0',
    'max-age=60, must-revalidate=1',
    'max-age=60, must-understand=1',
    'max-age=60, proxy-revalidate=1',
    'max-age=60, public=1',
    'max-age=60, no-cache=x-a',
    'max-age=60, no-cache=?0',
    'max-age=60, private=1'
  ]
  for (const field of table) {
    t.equal(
      freshFor({ response: { ...others, 'cdn-cache-control': field } }),
      7,
      JSON.stringify(field)
    )
  }
})

t.test('RFC 9213 2.2: the first that is valid and not empty', async (t) => {
  const targets = ['own-cache-control', 'cdn-cache-control']
  const table: [Headers, number][] = [
    [{ 'own-cache-control': 'max-age=60', 'cdn-cache-control': 'max-age=30' }, 60],
    [{ 'cdn-cache-control': 'max-age=30' }, 30],
    [{ 'own-cache-control': '', 'cdn-cache-control': 'max-age=30' }, 30],
    [{ 'own-cache-control': '&', 'cdn-cache-control': 'max-age=30' }, 30],
    [{ 'own-cache-control': '&', 'cdn-cache-control': '' }, 7]
  ]
  for (const [response, seconds] of table) {
    t.equal(
      freshFor({ response: { ...others, ...response }, options: { targets } }),
      seconds,
      JSON.stringify(response)
    )
  }
  t.equal(
    freshFor({
      response: { ...others, 'cdn-cache-control': 'max-age=30' },
      options: { targets: [] }
    }),
    7,
    'none is looked at'
  )
})

t.test('RFC 9213 2.2: directives mean what they mean in Cache-Control', async (t) => {
  const outcome = (field: string, request: Headers = {}, status = 200) => {
    const made = stored({
      request,
      status,
      response: { ...others, 'x-a': '1', 'cdn-cache-control': field }
    })
    if (typeof made === 'string') return made
    const { noCache, neverStale, staleUntil, errorUntil, freshUntil } = made.policy
    return {
      noCache,
      neverStale,
      while: staleUntil - freshUntil,
      error: errorUntil === 0 ? 0 : errorUntil - freshUntil,
      a: 'x-a' in made.headers
    }
  }
  const none = { noCache: false, neverStale: false, while: 0, error: 0, a: true }
  t.strictSame(outcome('max-age=60'), none)
  t.strictSame(outcome('no-cache, max-age=60'), { ...none, noCache: true })
  t.strictSame(outcome('no-cache="x-a", max-age=60'), { ...none, a: false })
  t.strictSame(outcome('private="x-a", max-age=60'), { ...none, a: false })
  t.strictSame(outcome('must-revalidate, max-age=60'), { ...none, neverStale: true })
  t.strictSame(outcome('proxy-revalidate, max-age=60'), { ...none, neverStale: true })
  t.strictSame(outcome('max-age=60, stale-while-revalidate=5, stale-if-error=6'), {
    ...none,
    while: 5_000,
    error: 6_000
  })
  t.equal(outcome('max-age=60', { authorization: 'x' }), 'AUTHORIZATION')
  t.strictSame(outcome('max-age=60, public', { authorization: 'x' }), none)
  t.strictSame(outcome('max-age=60', {}, 302), none)
  t.equal(outcome('none', {}, 302), 'STATUS', 'Expires makes nothing cacheable beside it')
  t.strictSame(outcome('must-understand, no-store, max-age=60'), none)
  t.equal(outcome('must-understand, max-age=60', {}, 299), 'STATUS')
})
