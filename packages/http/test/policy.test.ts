import t, { type Test } from 'tap'
import type { Headers, Policy, StoringOptions } from '../src/index.js'
import { at, NOW, policy } from './support/exchange.js'

const cc = (value: string): Headers => ({ etag: '"1"', 'cache-control': value })

type Row = [
  name: string,
  response: Headers,
  expected: Partial<Policy>,
  options?: StoringOptions,
  status?: number
]

function check (t: Test, rows: Row[]) {
  for (const [name, response, expected, options = {}, status = 200] of rows) {
    t.match(policy(response, { options, status }), expected, name)
  }
}

const ttl = { ttl: 30_000 }

t.test('RFC 9111 5.2.2.4: no-cache', async (t) =>
  check(t, [
    ['unqualified', cc('no-cache, max-age=60'), { noCache: true }],
    ['none', cc('max-age=60'), { noCache: false }],
    ['for fields', cc('no-cache="x-a", max-age=60'), { noCache: false }],
    ['for fields, as a token', cc('no-cache=x-a, max-age=60'), { noCache: false }],
    ['for no fields', cc('no-cache="", max-age=60'), { noCache: true }],
    ['for what are no fields', cc('no-cache="x a", max-age=60'), { noCache: true }],
    [
      'for a field the rest is nothing without',
      cc('no-cache="vary", max-age=60'),
      { noCache: true }
    ],
    ['for another such field', cc('no-cache="Content-Type", max-age=60'), { noCache: true }],
    [
      'for fields, and for everything',
      cc('no-cache="x-a", no-cache, max-age=60'),
      { noCache: true }
    ],
    [
      'in Cache-Control it is for others where a route has a ttl',
      cc('no-cache'),
      { noCache: false },
      ttl
    ],
    [
      'in a targeted field it is not',
      { etag: '"1"', 'cdn-cache-control': 'no-cache' },
      { noCache: true },
      ttl
    ],
    [
      'nor for a status that a ttl is not for',
      cc('no-cache, max-age=60'),
      { noCache: true },
      ttl,
      302
    ]
  ])
)

t.test('RFC 9111 5.2.2.2, 5.2.2.8, 5.2.2.10: never stale', async (t) => check(t, [
  ['must-revalidate', cc('must-revalidate, max-age=60'), { neverStale: true }],
  ['proxy-revalidate', cc('proxy-revalidate, max-age=60'), { neverStale: true }],
  ['s-maxage', cc('s-maxage=60'), { neverStale: true }],
  ['a broken s-maxage too', cc('s-maxage=x'), { neverStale: true }],
  ['max-age is none of them', cc('max-age=60'), { neverStale: false }],
  ['no-cache is another thing', cc('no-cache'), { neverStale: false }],
  ['the ttl of a route does not change it', cc('must-revalidate'), { neverStale: true }, ttl]
]))

t.test('RFC 5861 3: the window of stale-while-revalidate', async (t) =>
  check(t, [
    ['of the response', cc('max-age=60, stale-while-revalidate=30'), { staleUntil: NOW + 90_000 }],
    ['none', cc('max-age=60'), { staleUntil: NOW + 60_000 }],
    [
      'from when it became stale',
      { ...cc('max-age=60, stale-while-revalidate=30'), age: '50' },
      { staleUntil: NOW + 40_000 }
    ],
    ['broken', cc('max-age=60, stale-while-revalidate=x'), { staleUntil: NOW + 60_000 }],
    ['without a value', cc('max-age=60, stale-while-revalidate'), { staleUntil: NOW + 60_000 }],
    [
      'of the route',
      cc('max-age=60'),
      { staleUntil: NOW + 65_000 },
      { staleWhileRevalidate: 5_000 }
    ],
    [
      "of the route, over the response's",
      cc('max-age=60, stale-while-revalidate=30'),
      { staleUntil: NOW + 60_000 },
      { staleWhileRevalidate: 0 }
    ],
    [
      'after the ttl of the route',
      {},
      { staleUntil: NOW + 35_000 },
      { ...ttl, staleWhileRevalidate: 5_000 }
    ]
  ])
)

t.test('RFC 5861 4: the window of stale-if-error', async (t) =>
  check(t, [
    ['of the response', cc('max-age=60, stale-if-error=30'), { errorUntil: NOW + 90_000 }],
    ['none', cc('max-age=60'), { errorUntil: 0 }],
    ['broken', cc('max-age=60, stale-if-error=x'), { errorUntil: 0 }],
    ['of the route', cc('max-age=60'), { errorUntil: NOW + 65_000 }, { staleIfError: 5_000 }],
    [
      "of the route, over the response's",
      cc('max-age=60, stale-if-error=30'),
      { errorUntil: 0 },
      { staleIfError: 0 }
    ]
  ])
)

t.test('the windows of a route are for what had a lifetime', async (t) => {
  const route = { staleWhileRevalidate: 5_000, staleIfError: 7_000 }
  const ofRoute = (seconds: number) => ({
    staleUntil: NOW + seconds * 1000 + 5_000,
    errorUntil: NOW + seconds * 1000 + 7_000
  })
  const none = { staleUntil: NOW, errorUntil: 0 }
  check(t, [
    ['max-age', cc('max-age=60'), ofRoute(60), route],
    ['Expires', { expires: at(60) }, ofRoute(60), route],
    ['a targeted field', { 'cdn-cache-control': 'max-age=60' }, ofRoute(60), route],
    ['a heuristic', { 'last-modified': at(-100) }, ofRoute(10), route],
    [
      'a lifetime that was over when it came',
      { ...cc('max-age=60'), age: '61' },
      ofRoute(-1),
      route
    ],
    ['the ttl of the route', {}, ofRoute(30), { ...route, ...ttl }],
    ['the ttl of the route, over max-age=0', cc('max-age=0'), ofRoute(30), { ...route, ...ttl }],
    ['max-age=0', cc('max-age=0'), none, route],
    ['an s-maxage that cannot be read', cc('s-maxage=x'), none, route],
    ['max-age that cannot be read', cc('max-age=x'), none, route],
    ['Expires: 0', { etag: '"1"', expires: '0' }, none, route],
    ['an Expires at its Date', { etag: '"1"', expires: at(0) }, none, route],
    [
      'max-age=0 in a targeted field',
      { ...cc('max-age=60'), 'cdn-cache-control': 'max-age=0' },
      none,
      route
    ],
    ['nothing', { etag: '"1"' }, none, route],
    ['public alone', cc('public'), none, route],
    ['no heuristic', { 'last-modified': at(-100) }, none, { ...route, heuristic: false }],
    ['no-cache', cc('no-cache'), none, route],
    [
      'its own windows stay',
      cc('max-age=0, stale-while-revalidate=3, stale-if-error=4'),
      { staleUntil: NOW + 3_000, errorUntil: NOW + 4_000 },
      route
    ],
    [
      "at most as long as the route's",
      cc('max-age=0, stale-while-revalidate=30, stale-if-error=40'),
      { staleUntil: NOW + 5_000, errorUntil: NOW + 7_000 },
      route
    ]
  ])
})

t.test('RFC 9111 4.2.4: what prohibits stale prohibits both windows', async (t) => {
  const windows = 'stale-while-revalidate=30, stale-if-error=30'
  const none = { staleUntil: NOW + 60_000, errorUntil: 0 }
  const route = { staleWhileRevalidate: 5_000, staleIfError: 5_000 }
  check(t, [
    [
      'nothing does',
      cc(`max-age=60, ${windows}`),
      { staleUntil: NOW + 90_000, errorUntil: NOW + 90_000 }
    ],
    ['no-cache', cc(`max-age=60, no-cache, ${windows}`), none],
    ['must-revalidate', cc(`max-age=60, must-revalidate, ${windows}`), none],
    ['proxy-revalidate', cc(`max-age=60, proxy-revalidate, ${windows}`), none],
    ['s-maxage', cc(`s-maxage=60, ${windows}`), none],
    ['no-cache, whatever the route', cc('max-age=60, no-cache'), none, route],
    ['must-revalidate, whatever the route', cc('max-age=60, must-revalidate'), none, route],
    [
      'must-revalidate, also with the ttl of the route',
      cc('must-revalidate'),
      none,
      { ...route, ttl: 60_000 }
    ],
    [
      'no-cache that is for others does not',
      cc('no-cache'),
      { staleUntil: NOW + 35_000, errorUntil: NOW + 35_000 },
      { ...route, ...ttl }
    ]
  ])
})

t.test('RFC 9111 4.3.1: validators that can be used as such', async (t) => {
  const table: [Headers, etag: string | undefined, lastModified: string | undefined][] = [
    [{ etag: '"1"' }, '"1"', undefined],
    [{ etag: 'W/"1"' }, 'W/"1"', undefined],
    [{ etag: '""' }, '""', undefined],
    [{ etag: ['"1"', '"2"'] }, '"1"', undefined],
    [{ etag: '1' }, '1', undefined],
    [{ etag: '' }, undefined, undefined],
    [{ 'last-modified': at(-9) }, undefined, at(-9)],
    [{ 'last-modified': 'yesterday' }, undefined, undefined],
    [{ etag: '"1"', 'last-modified': at(-9) }, '"1"', at(-9)]
  ]
  for (const [response, etag, lastModified] of table) {
    const made = policy({ 'cache-control': 'max-age=60', ...response })
    t.strictSame([made.etag, made.lastModified], [etag, lastModified], JSON.stringify(response))
  }
})

t.test('a policy is plain JSON', async (t) => {
  const made = policy(
    {
      'cache-control': 'max-age=99999999999, stale-if-error=99999999999',
      vary: 'accept',
      'last-modified': at(-9),
      age: '1'
    },
    { request: { accept: 'a' } }
  )
  t.strictSame(JSON.parse(JSON.stringify(made)), made)
})
