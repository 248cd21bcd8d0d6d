import t, { type Test } from 'tap'
import {
  decideStoring,
  endToEndHeaders,
  updatedHeaders,
  type Headers,
  type StoredHeaders
} from '../src/index.js'
import { at, NOW, stored } from './support/exchange.js'

const date = at(0)
const cacheControl = { 'cache-control': 'max-age=60' }

function check (t: Test, rows: [name: string, response: Headers, kept: StoredHeaders][]) {
  for (const [name, response, kept] of rows) {
    const outcome = stored({ response: { date, ...cacheControl, ...response } })
    t.strictSame(
      typeof outcome === 'string' ? outcome : outcome.headers,
      { date, ...cacheControl, ...kept },
      name
    )
  }
}

t.test('RFC 9111 3.1: all header fields are stored, unknown ones too', async (t) =>
  check(t, [
    ['unknown', { 'x-unknown': 'a' }, { 'x-unknown': 'a' }],
    ['repeated', { link: ['<a>', '<b>'] }, { link: ['<a>', '<b>'] }],
    ['a number', { 'x-count': 7 }, { 'x-count': '7' }],
    ['a missing one', { 'x-none': undefined }, {}],
    [
      'Cache-Status of caches before',
      { 'cache-status': 'origin; hit' },
      { 'cache-status': 'origin; hit' }
    ],
    [
      'fields that are no longer defined',
      { warning: '199 - "x"', pragma: 'no-cache' },
      { warning: '199 - "x"', pragma: 'no-cache' }
    ],
    [
      'a targeted field for others (RFC 9213 2.2)',
      { 'other-cache-control': 'no-store' },
      { 'other-cache-control': 'no-store' }
    ]
  ])
)

t.test('RFC 9111 3.1: but none that are for one connection (RFC 9110 7.6.1)', async (t) => {
  check(
    t,
    [
      'connection',
      'keep-alive',
      'proxy-connection',
      'te',
      'trailer',
      'transfer-encoding',
      'upgrade'
    ].map((name) => [name, { [name]: 'x' }, {}])
  )
  check(t, [
    [
      'listed by Connection',
      { connection: 'X-Hop, close', 'x-hop': 'a', 'x-kept': 'b' },
      { 'x-kept': 'b' }
    ],
    ['listed on another line', { connection: ['close', ' x-hop'], 'x-hop': 'a' }, {}],
    [
      'an unreadable Connection lists nothing',
      { connection: 'a b', 'x-kept': 'b' },
      { 'x-kept': 'b' }
    ]
  ])
})

t.test('RFC 9111 3.1: nor of the proxy a request went through', async (t) =>
  check(
    t,
    ['proxy-authenticate', 'proxy-authentication-info', 'proxy-authorization'].map((name) => [
      name,
      { [name]: 'x' },
      {}
    ])
  )
)

t.test('RFC 9111 4, 5.1: nor what each reuse says anew', async (t) => check(t, [
  ['Age', { age: '5' }, {}],
  ['Content-Length, which the body has', { 'content-length': '5' }, {}]
]))

t.test('RFC 9111 5.2.2.4, 5.2.2.7: nor what no-cache and private withhold', async (t) => {
  const table: [cacheControl: string, kept: string[]][] = [
    ['max-age=60', ['x-a', 'x-b']],
    ['max-age=60, private="x-a"', ['x-b']],
    ['max-age=60, private="X-A , x-b"', []],
    ['max-age=60, private=x-a', ['x-b']],
    ['max-age=60, no-cache="x-b"', ['x-a']],
    ['max-age=60, no-cache="x-b", private="x-a"', []],
    ['max-age=60, private="x-a", private="x-b"', []]
  ]
  for (const [value, kept] of table) {
    const outcome = stored({ response: { 'cache-control': value, 'x-a': '1', 'x-b': '2' } })
    const names =
      typeof outcome === 'string'
        ? outcome
        : Object.keys(outcome.headers).filter((name) => name.startsWith('x-'))
    t.strictSame(names, kept, value)
  }
})

t.test(
  'RFC 9110 6.6.1: a Date that is missing or wrong is when the response was received',
  async (t) => {
    const table: [Headers, string][] = [
      [{}, at(0)],
      [{ date: 'now' }, at(0)],
      [{ date: at(-5) }, at(-5)],
      [{ date: [at(-5), at(-9)] }, at(-5)],
      [{ date: 'Sunday, 06-Nov-94 08:49:30 GMT' }, at(-7)]
    ]
    for (const [response, expected] of table) {
      const outcome = stored({ response: { ...cacheControl, ...response } })
      t.equal(
        typeof outcome === 'string' ? outcome : outcome.headers['date'],
        expected,
        JSON.stringify(response)
      )
    }
  }
)

t.test('RFC 9110 7.6.1: what is passed on has no hop-by-hop fields', async (t) => {
  t.strictSame(
    endToEndHeaders({
      connection: 'x-hop',
      'x-hop': '1',
      age: '5',
      'content-length': 5,
      'set-cookie': ['a=1'],
      te: 'trailers',
      x: undefined
    }),
    { age: '5', 'content-length': '5', 'set-cookie': ['a=1'] }
  )
})

t.test('RFC 9111 3.2, 4.3.4: what a 304 updates', async (t) => {
  const before = { date: at(-99), etag: '"1"', 'content-type': 'text/plain', 'x-a': '1' }
  const table: [name: string, update: Headers, after: StoredHeaders][] = [
    ['nothing', { date }, { ...before, date }],
    ['a field that is there is replaced', { date, 'x-a': '2' }, { ...before, date, 'x-a': '2' }],
    ['by all of its lines', { date, 'x-a': ['2', '3'] }, { ...before, date, 'x-a': ['2', '3'] }],
    ['a field that is not there is added', { date, 'x-b': '2' }, { ...before, date, 'x-b': '2' }],
    [
      'Content-* is no sign',
      { date, 'content-type': 'text/html', 'content-foo': 'a' },
      { ...before, date, 'content-type': 'text/html', 'content-foo': 'a' }
    ],
    [
      'Cache-Control and Expires',
      { date, 'cache-control': 'no-store', expires: '0' },
      { ...before, date, 'cache-control': 'no-store', expires: '0' }
    ],
    ['Age', { date, age: '7' }, { ...before, date, age: '7' }],
    ['a weaker tag', { date, etag: 'W/"1"' }, { ...before, date, etag: 'W/"1"' }],
    ['not Content-Length', { date, 'content-length': '0' }, { ...before, date }],
    [
      'not what the stored bytes depend on',
      { date, 'content-encoding': 'gzip', 'content-range': 'bytes 0-1/2' },
      { ...before, date }
    ],
    [
      'not what is never stored',
      { date, connection: 'x-hop', 'x-hop': '1', 'proxy-authenticate': 'Basic' },
      { ...before, date }
    ],
    [
      'Set-Cookie, as any other',
      { date, 'set-cookie': ['a=1'] },
      { ...before, date, 'set-cookie': ['a=1'] }
    ],
    [
      'an old Date does not stay',
      { 'x-a': '2' },
      { etag: '"1"', 'content-type': 'text/plain', 'x-a': '2' }
    ]
  ]
  for (const [name, update, after] of table) {
    t.strictSame(updatedHeaders(before, update), after, name)
  }
})

t.test('RFC 9111 4.3.4: an updated response is as fresh as its 304 says', async (t) => {
  const first = stored({ response: { ...cacheControl, etag: '"1"', age: '50' } })
  if (typeof first === 'string') throw new Error(first)
  const later = NOW + 100_000
  const again = (update: Headers) =>
    decideStoring(
      { method: 'GET', headers: {} },
      { status: 200, headers: updatedHeaders(first.headers, update) },
      { requestTime: later, responseTime: later }
    )

  const renewed = again({ etag: '"1"' })
  t.match(
    renewed,
    { store: true, policy: { bornAt: later, freshUntil: later + 60_000 } },
    'renewed'
  )
  t.match(
    again({ etag: '"1"', age: '10' }),
    { policy: { freshUntil: later + 50_000 } },
    'from another cache'
  )
  t.match(
    again({ etag: '"1"', 'cache-control': 'max-age=5' }),
    { policy: { freshUntil: later + 5_000 } },
    'for less long'
  )
  t.match(
    again({ etag: '"1"', 'cache-control': 'no-store' }),
    { store: false, reason: 'NO_STORE' },
    'not to be stored any more'
  )
  t.match(
    again({ etag: '"1"', vary: '*' }),
    { store: false, reason: 'VARY_STAR' },
    'not to be selected any more'
  )
  t.match(
    again({ etag: '"1"', 'set-cookie': ['a=1'] }),
    { store: false, reason: 'SET_COOKIE' },
    "one client's by now"
  )
})

t.test(
  'decideStoring: keeps says which of the fields that may be stored are (Date too)',
  async (t) => {
    const kept = (keeps?: (name: string) => boolean) => {
      const headers = {
        'cache-control': 'max-age=60',
        connection: 'x-hop',
        'x-hop': '1',
        age: '1',
        'x-a': 'a',
        'x-b': 'b'
      }
      const storing = decideStoring(
        { method: 'GET', headers: {} },
        { status: 200, headers },
        { requestTime: 0, responseTime: 0 },
        keeps && { keeps }
      )
      return storing.store ? Object.keys(storing.headers).sort() : storing.reason
    }
    t.strictSame(kept(), ['cache-control', 'date', 'x-a', 'x-b'])
    t.strictSame(
      kept((name) => name !== 'x-a'),
      ['cache-control', 'date', 'x-b']
    )
    t.strictSame(
      kept((name) => name !== 'date'),
      ['cache-control', 'x-a', 'x-b']
    )
    t.strictSame(
      kept(() => true),
      kept(),
      'not what may not be stored'
    )
  }
)
