import t, { type Test } from 'tap'
import type { Headers, HeaderValue, StoringOptions } from '../src/index.js'
import { at, NOW, stored, type Exchange } from './support/exchange.js'

type Row = [name: string, exchange: Exchange, outcome: string]

const cc = (value: string | string[]) => ({ 'cache-control': value })
const fresh = cc('max-age=60')
const auth = { authorization: 'Bearer x' }

function check (t: Test, rows: Row[]) {
  for (const [name, exchange, expected] of rows) {
    const outcome = stored(exchange)
    t.equal(typeof outcome === 'string' ? outcome : 'stored', expected, name)
  }
}

t.test('RFC 9111 3: the request method is understood', async (t) =>
  check(t, [
    ['GET', { response: fresh }, 'stored'],
    ['HEAD', { method: 'HEAD', response: fresh }, 'METHOD'],
    [
      'POST, of whose target nothing is known',
      { method: 'POST', response: { ...fresh, 'content-location': '/' } },
      'METHOD'
    ],
    ['PUT', { method: 'PUT', response: fresh }, 'METHOD'],
    ['DELETE', { method: 'DELETE', response: fresh }, 'METHOD'],
    ['OPTIONS', { method: 'OPTIONS', response: fresh }, 'METHOD'],
    ['methods are case-sensitive (RFC 9110 9.1)', { method: 'get', response: fresh }, 'METHOD'],
    ['an unknown one', { method: 'BREW', response: fresh }, 'METHOD']
  ])
)

t.test('RFC 9110 9.3.3: a POST that answers GET, too', async (t) => {
  const uri = 'http://shop.test/cart?id=1'
  const post = (response: Headers, more: Exchange = {}): Exchange => ({
    method: 'POST',
    uri,
    response: { 'content-location': '/cart?id=1', ...response },
    ...more
  })
  const at60 = new Date(NOW + 60_000).toUTCString()
  check(t, [
    ['max-age', post(fresh), 'stored'],
    ['s-maxage', post(cc('s-maxage=60')), 'stored'],
    ['Expires', post({ expires: at60 }), 'stored'],
    ['a targeted field', post({ 'cdn-cache-control': 'max-age=60' }), 'stored'],
    ['no freshness', post({ etag: '"1"' }), 'METHOD'],
    ['a heuristic', post({ 'last-modified': 'Thu, 01 Jan 1970 00:00:00 GMT' }), 'METHOD'],
    ['public alone', post({ ...cc('public'), etag: '"1"' }), 'METHOD'],
    ['max-age=0', post({ ...cc('max-age=0'), etag: '"1"' }), 'METHOD'],
    ['an Expires that is over', post({ expires: '0', etag: '"1"' }), 'METHOD'],
    [
      'max-age=0 in a targeted field',
      post({ ...fresh, 'cdn-cache-control': 'max-age=0' }),
      'METHOD'
    ],
    ['the ttl of a route', post({ etag: '"1"' }, { options: { ttl: 60_000 } }), 'METHOD'],
    ...[201, 202, 203, 204, 206, 303, 404, 500].map((status): Row => [
      String(status),
      post(fresh, { status }),
      'METHOD'
    ]),
    ...['PUT', 'PATCH', 'DELETE', 'HEAD', 'QUERY'].map((method): Row => [
      method,
      post(fresh, { method }),
      'METHOD'
    ]),
    ...[
      'http://shop.test/cart?id=1',
      'HTTP://SHOP.test:80/cart?id=1',
      'cart?id=1',
      '?id=1',
      './x/../cart?id=1',
      '/c%61rt?id=1',
      '//shop.test/cart?id=1'
    ].map((location): Row => [
      location,
      post({ ...fresh, 'content-location': location }),
      'stored'
    ]),
    ...[
      '/cart',
      '/cart?id=2',
      '/Cart?id=1',
      '/cart/?id=1',
      '/c%2Fart?id=1',
      'https://shop.test/cart?id=1',
      'http://shop.test:81/cart?id=1',
      'http://other.test/cart?id=1',
      'http://user@shop.test/cart?id=1',
      '/cart?id=1#a',
      '#',
      'http://',
      '/cart?id=1, /cart?id=1'
    ].map((location): Row => [
      location,
      post({ ...fresh, 'content-location': location }),
      'METHOD'
    ]),
    [
      'two field lines',
      post({ ...fresh, 'content-location': ['/cart?id=1', '/cart?id=1'] }),
      'METHOD'
    ],
    ['none', { method: 'POST', uri, response: fresh }, 'METHOD'],
    ['a target that is no URI', post(fresh, { uri: 'shop' }), 'METHOD'],
    ['no-store', post(cc('max-age=60, no-store')), 'NO_STORE'],
    ['private', post(cc('max-age=60, private')), 'PRIVATE'],
    ['Authorization', post(fresh, { request: auth }), 'AUTHORIZATION'],
    ['Authorization, and public', post(cc('public, max-age=60'), { request: auth }), 'stored'],
    ['Set-Cookie', post({ ...fresh, 'set-cookie': 'a=1' }), 'SET_COOKIE'],
    ['Vary: *', post({ ...fresh, vary: '*' }), 'VARY_STAR'],
    ['no-store in the request', post(fresh, { request: cc('no-store') }), 'REQUEST_NO_STORE'],
    ['no-cache, and no validator', post(cc('no-cache, max-age=60')), 'NO_TTL']
  ])
  t.match(
    stored(post({ ...fresh, vary: 'accept' }, { request: { accept: 'text/html' } })),
    { policy: { vary: ['accept'], variant: 'accept:text/html' } },
    'its request selects the variant'
  )
})

t.test('RFC 9111 3: the status is final', async (t) => check(t, [100, 101, 103].map((status) =>
  [`${status}`, { status, response: cc('public, max-age=60') }, 'STATUS'])))

t.test('RFC 9111 3: statuses that are heuristically cacheable (RFC 9110 15.1)', async (t) =>
  check(t, [
    ...[200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501].map((status): Row => [
      `${status}`,
      { status, response: { etag: '"1"' } },
      'stored'
    ]),
    ...[201, 202, 205, 299, 302, 303, 307, 400, 401, 403, 409, 418, 500, 502, 503, 504, 599].map(
      (status): Row => [`not ${status}`, { status, response: { etag: '"1"' } }, 'STATUS']
    )
  ])
)

t.test('RFC 9111 3: what makes any final status cacheable', async (t) =>
  check(t, [
    ...[201, 299, 302, 307, 400, 403, 418, 500, 503, 599].map((status): Row => [
      `max-age: ${status}`,
      { status, response: fresh },
      'stored'
    ]),
    ['s-maxage', { status: 302, response: cc('s-maxage=60') }, 'stored'],
    ['Expires', { status: 302, response: { expires: 'Sun, 06 Nov 1994 09:49:37 GMT' } }, 'stored'],
    ['public', { status: 302, response: { ...cc('public'), etag: '"1"' } }, 'stored'],
    [
      'must-revalidate does not',
      { status: 302, response: { ...cc('must-revalidate'), etag: '"1"' } },
      'STATUS'
    ],
    ['no-cache does not', { status: 302, response: { ...cc('no-cache'), etag: '"1"' } }, 'STATUS'],
    [
      'an unknown directive does not',
      { status: 302, response: { ...cc('community="UCI"'), etag: '"1"' } },
      'STATUS'
    ],
    [
      'the ttl of a route does not',
      { status: 302, response: { etag: '"1"' }, options: { ttl: 60_000 } },
      'STATUS'
    ]
  ])
)

t.test('answers to one request only are never stored', async (t) =>
  check(t, [
    ...[304, 412, 416].map((status): Row => [
      `${status} (RFC 9110 13, 14)`,
      { status, response: fresh },
      'STATUS'
    ]),
    ...[428, 429, 431, 511].map((status): Row => [
      `${status} (RFC 6585)`,
      { status, response: fresh },
      'STATUS'
    ])
  ])
)

t.test('RFC 9111 3.3: partial content', async (t) =>
  check(t, [
    [
      'a part that says where it belongs',
      { status: 206, response: { ...fresh, 'content-range': 'bytes 0-1/4' } },
      'stored'
    ],
    [
      '206 is heuristically cacheable (RFC 9110 15.1)',
      { status: 206, response: { 'last-modified': at(-900), 'content-range': 'bytes 0-1/4' } },
      'stored'
    ],
    ['one that does not', { status: 206, response: fresh }, 'PARTIAL'],
    [
      'of unknown length',
      { status: 206, response: { ...fresh, 'content-range': 'bytes 0-1/*' } },
      'PARTIAL'
    ],
    [
      'in another unit',
      { status: 206, response: { ...fresh, 'content-range': 'lines 0-1/4' } },
      'PARTIAL'
    ],
    [
      'several ranges, with a Content-Range all the same',
      {
        status: 206,
        response: {
          ...fresh,
          'content-range': 'bytes 0-1/4',
          'content-type': 'Multipart/ByteRanges; boundary=x'
        }
      },
      'PARTIAL'
    ],
    [
      'several ranges',
      { status: 206, response: { ...fresh, 'content-type': 'multipart/byteranges; boundary=x' } },
      'PARTIAL'
    ],
    [
      'all other rules hold',
      { status: 206, response: { 'cache-control': 'no-store', 'content-range': 'bytes 0-1/4' } },
      'NO_STORE'
    ],
    ...[200, 203, 404].map((status): Row => [
      `RFC 9110 14.4: a Content-Range of ${status} means nothing`,
      { status, response: { ...fresh, 'content-range': 'bytes 0-1/2' } },
      'stored'
    ])
  ])
)

t.test('RFC 9111 5.2.2.3: must-understand', async (t) =>
  check(t, [
    ['an understood status', { response: cc('must-understand, max-age=60') }, 'stored'],
    ...[
      200, 201, 202, 203, 204, 205, 300, 301, 302, 303, 307, 308, 400, 401, 402, 403, 404, 405,
      406, 407, 408, 409, 410, 411, 413, 414, 415, 417, 421, 422, 426, 500, 501, 502, 503, 504, 505
    ].map((status): Row => [
      `${status} is understood`,
      { status, response: cc('must-understand, max-age=60') },
      'stored'
    ]),
    [
      'an unknown status',
      { status: 299, response: cc('must-understand, max-age=60') },
      'STATUS'
    ],
    [
      'an unknown status, with no-store',
      { status: 299, response: cc('must-understand, no-store, max-age=60') },
      'STATUS'
    ],
    [
      'an understood status overrides no-store',
      { response: cc('must-understand, no-store, max-age=60') },
      'stored'
    ],
    ['in any order', { response: cc('max-age=60, no-store, must-understand') }, 'stored'],
    [
      'but not private',
      { response: cc('must-understand, no-store, private, max-age=60') },
      'PRIVATE'
    ]
  ])
)

t.test('RFC 9111 5.2.2.5: no-store in the response', async (t) =>
  check(t, [
    ['alone', { response: cc('no-store') }, 'NO_STORE'],
    ['beside explicit freshness', { response: cc('max-age=60, no-store') }, 'NO_STORE'],
    ['beside public', { response: cc('public, no-store') }, 'NO_STORE'],
    ['in any case (5.2)', { response: cc('No-Store, max-age=60') }, 'NO_STORE'],
    ['on another field line', { response: cc(['max-age=60', 'no-store']) }, 'NO_STORE'],
    [
      'with an argument that it does not have',
      { response: cc('no-store=1, max-age=60') },
      'NO_STORE'
    ],
    ['with a quoted argument', { response: cc('no-store="x", max-age=60') }, 'NO_STORE'],
    ['after an unclosed quote', { response: cc('max-age=60, ext="a, no-store') }, 'NO_STORE'],
    ['not when it is only quoted', { response: cc('max-age=60, ext="a, no-store"') }, 'stored'],
    [
      'the ttl of a route does not override it',
      { response: cc('no-store'), options: { ttl: 60_000 } },
      'NO_STORE'
    ],
    [
      'Pragma: no-cache in a response means nothing (5.4)',
      { response: { ...fresh, pragma: 'no-cache' } },
      'stored'
    ]
  ])
)

t.test('RFC 9111 5.2.1.5: no-store in the request', async (t) =>
  check(t, [
    ['alone', { request: cc('no-store'), response: fresh }, 'REQUEST_NO_STORE'],
    ['among others', { request: cc('max-age=0, No-Store'), response: fresh }, 'REQUEST_NO_STORE'],
    [
      'no other request directive prevents storing',
      { request: cc('no-cache, max-age=0, min-fresh=9'), response: fresh },
      'stored'
    ],
    ['Pragma does not', { request: { pragma: 'no-cache' }, response: fresh }, 'stored'],
    [
      'where clients have no say',
      { request: cc('no-store'), response: fresh, options: { requestDirectives: false } },
      'stored'
    ],
    [
      'where they do',
      { request: cc('no-store'), response: fresh, options: { requestDirectives: true } },
      'REQUEST_NO_STORE'
    ]
  ])
)

t.test('RFC 9111 5.2.2.7: private', async (t) =>
  check(t, [
    ['alone', { response: cc('private') }, 'PRIVATE'],
    ['beside explicit freshness', { response: cc('private, max-age=60') }, 'PRIVATE'],
    [
      'beside public and s-maxage: the most restrictive counts (4.2.1)',
      { response: cc('public, s-maxage=60, private') },
      'PRIVATE'
    ],
    [
      'the ttl of a route does not override it',
      { response: cc('private'), options: { ttl: 60_000 } },
      'PRIVATE'
    ],
    ['some fields only', { response: cc('private="x-user", max-age=60') }, 'stored'],
    ['some fields only, as a token', { response: cc('private=x-user, max-age=60') }, 'stored'],
    ['an empty list is of everything', { response: cc('private="", max-age=60') }, 'PRIVATE'],
    ['a list of no names', { response: cc('private="x user", max-age=60') }, 'PRIVATE'],
    [
      'some fields, and then everything',
      { response: cc('private="x-user", private, max-age=60') },
      'PRIVATE'
    ],
    [
      'everything, and then some fields',
      { response: cc('private, private="x-user", max-age=60') },
      'PRIVATE'
    ],
    [
      'a field the rest is nothing without',
      { response: cc('private="content-encoding", max-age=60') },
      'PRIVATE'
    ],
    ['unless quoted in another', { response: cc('ext="private", max-age=60') }, 'stored'],
    [
      'an extension that would widen it is unknown (5.2.3)',
      { response: cc('private, community="UCI", max-age=60') },
      'PRIVATE'
    ]
  ])
)

t.test('RFC 9111 3.5: requests with Authorization', async (t) =>
  check(t, [
    ['max-age does not allow it', { request: auth, response: fresh }, 'AUTHORIZATION'],
    [
      'Expires does not',
      { request: auth, response: { expires: 'Sun, 06 Nov 1994 09:49:37 GMT' } },
      'AUTHORIZATION'
    ],
    [
      'proxy-revalidate does not',
      { request: auth, response: cc('proxy-revalidate, max-age=60') },
      'AUTHORIZATION'
    ],
    ['the ttl of a route does not', { request: auth, options: { ttl: 60_000 } }, 'AUTHORIZATION'],
    ['public does', { request: auth, response: cc('public, max-age=60') }, 'stored'],
    [
      'must-revalidate does',
      { request: auth, response: cc('must-revalidate, max-age=60') },
      'stored'
    ],
    ['s-maxage does', { request: auth, response: cc('s-maxage=60') }, 'stored'],
    [
      'an empty Authorization is one',
      { request: { authorization: '' }, response: fresh },
      'AUTHORIZATION'
    ]
  ])
)

t.test("Set-Cookie is one client's", async (t) =>
  check(t, [
    ['however fresh', { response: { ...fresh, 'set-cookie': ['a=1'] } }, 'SET_COOKIE'],
    [
      'however public',
      { response: { ...cc('public, s-maxage=60'), 'set-cookie': 'a=1' } },
      'SET_COOKIE'
    ],
    [
      'unless it alone is private',
      { response: { ...cc('private="Set-Cookie", max-age=60'), 'set-cookie': ['a=1'] } },
      'stored'
    ],
    [
      'or no-cache',
      { response: { ...cc('no-cache="set-cookie", max-age=60'), 'set-cookie': ['a=1'] } },
      'stored'
    ],
    [
      'but not if another is',
      { response: { ...cc('private="x-user", max-age=60'), 'set-cookie': ['a=1'] } },
      'SET_COOKIE'
    ]
  ])
)

t.test('RFC 9111 7.3: Set-Cookie, as the route has it', async (t) => {
  const cookies = { ...fresh, 'set-cookie': ['a=1', 'b=2'] }
  const table: [
    setCookie: StoringOptions['setCookie'],
    response: Headers,
    outcome: HeaderValue
  ][] = [
    ['refuse', cookies, 'SET_COOKIE'],
    ['strip', cookies, undefined],
    ['store', cookies, ['a=1', 'b=2']],
    ['store', { ...fresh, 'set-cookie': 'a=1' }, 'a=1'],
    ['refuse', fresh, undefined],
    ['strip', fresh, undefined],
    ['store', fresh, undefined],
    ['store', { ...cookies, ...cc('private="set-cookie", max-age=60') }, undefined],
    ['store', { ...cookies, ...cc('no-cache="set-cookie", max-age=60') }, undefined],
    ['strip', { ...cookies, ...cc('no-store') }, 'NO_STORE'],
    ['store', { ...cookies, ...cc('private, max-age=60') }, 'PRIVATE'],
    ['strip', { ...cookies, ...cc('no-cache, max-age=60') }, 'NO_TTL'],
    ['store', { ...cookies, vary: '*' }, 'VARY_STAR']
  ]
  for (const [setCookie, response, expected] of table) {
    const outcome = stored({ response, options: { ...setCookie !== undefined && { setCookie } } })
    t.strictSame(
      typeof outcome === 'string' ? outcome : outcome.headers['set-cookie'],
      expected,
      `${setCookie}: ${JSON.stringify(response)}`
    )
  }
  for (const setCookie of ['strip', 'store'] as const) {
    t.equal(
      stored({ request: auth, response: cookies, options: { setCookie } }),
      'AUTHORIZATION',
      '3.5 holds'
    )
    t.match(stored({ response: { ...cookies, 'x-a': '1' }, options: { setCookie } }), {
      headers: { 'x-a': '1' }
    })
  }
})

t.test('RFC 9111 4.1: Vary that never matches', async (t) => check(t, [
  ['*', { response: { ...fresh, vary: '*' } }, 'VARY_STAR'],
  ['*, *', { response: { ...fresh, vary: '*, *' } }, 'VARY_STAR'],
  [', *', { response: { ...fresh, vary: ', *' } }, 'VARY_STAR'],
  ['first of a list', { response: { ...fresh, vary: '*, accept' } }, 'VARY_STAR'],
  ['last of a list', { response: { ...fresh, vary: 'accept, *' } }, 'VARY_STAR'],
  ['on another field line', { response: { ...fresh, vary: ['', ' * '] } }, 'VARY_STAR'],
  ['no name at all', { response: { ...fresh, vary: 'accept encoding' } }, 'VARY_STAR'],
  ['names', { response: { ...fresh, vary: 'accept, accept-encoding' } }, 'stored']
]))

t.test('NO_TTL: nothing could ever be answered with it', async (t) =>
  check(t, [
    ['stale at once and no validator', {}, 'NO_TTL'],
    ['max-age=0 and no validator', { response: cc('max-age=0') }, 'NO_TTL'],
    ['no-cache and no validator', { response: cc('no-cache, max-age=60') }, 'NO_TTL'],
    ['no-cache and an ETag', { response: { ...cc('no-cache'), etag: '"1"' } }, 'stored'],
    ['max-age=0 and a weak ETag', { response: { ...cc('max-age=0'), etag: 'W/"1"' } }, 'stored'],
    [
      'max-age=0 and Last-Modified',
      { response: { ...cc('max-age=0'), 'last-modified': 'Sun, 06 Nov 1994 08:49:37 GMT' } },
      'stored'
    ],
    [
      'max-age=0 and an ETag of odd form',
      { response: { ...cc('max-age=0'), etag: '1' } },
      'stored'
    ],
    ['an empty ETag', { response: { ...cc('max-age=0'), etag: '' } }, 'NO_TTL'],
    [
      'a Last-Modified that is no date',
      { response: { ...cc('max-age=0'), 'last-modified': 'yesterday' } },
      'NO_TTL'
    ],
    [
      'stale, but good while it is revalidated',
      { response: cc('max-age=0, stale-while-revalidate=5') },
      'stored'
    ],
    [
      'stale, but good instead of an error',
      { response: cc('max-age=0, stale-if-error=5') },
      'stored'
    ],
    [
      'no window of a route is for max-age=0',
      {
        response: cc('max-age=0'),
        options: { staleWhileRevalidate: 60_000, staleIfError: 60_000 }
      },
      'NO_TTL'
    ],
    [
      'nor for what says nothing',
      { options: { staleWhileRevalidate: 60_000, staleIfError: 60_000 } },
      'NO_TTL'
    ],
    [
      'its windows are over too',
      { response: { ...cc('max-age=5, stale-while-revalidate=5, stale-if-error=5'), age: '10' } },
      'NO_TTL'
    ]
  ])
)
