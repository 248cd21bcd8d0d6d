import t, { type Test } from 'tap'
import { decideReuse, type Headers, type Policy, type ReuseOptions } from '../src/index.js'
import { NOW, policy, SECOND } from './support/exchange.js'

const cc = (value: string): Headers => ({ etag: '"1"', 'cache-control': value })

// Fresh for 60 s from NOW, 10 s old at NOW.
const plain = policy({ ...cc('max-age=70'), age: '10' })
const whileRevalidate = policy({ ...cc('max-age=70, stale-while-revalidate=30'), age: '10' })
const mustRevalidate = policy({ ...cc('max-age=70, must-revalidate'), age: '10' })
const proxyRevalidate = policy({ ...cc('max-age=70, proxy-revalidate'), age: '10' })
const sMaxage = policy({ ...cc('s-maxage=70'), age: '10' })
const noCache = policy({ ...cc('no-cache, max-age=70'), age: '10' })

type Row = [
  name: string,
  stored: Policy | undefined,
  secondsLater: number,
  asks: string,
  outcome: string
]

/** `asks` is the request's Cache-Control, `outcome` the action with its reason and details. */
function check (t: Test, rows: Row[], options: ReuseOptions = {}) {
  for (const [name, stored, later, asks, outcome] of rows) {
    const headers = asks === '' ? {} : { 'cache-control': asks }
    t.equal(said({ method: 'GET', headers }, stored, later, options), outcome, name)
  }
}

function said (
  request: { method: string; headers: Headers },
  stored: Policy | undefined,
  later: number,
  options?: ReuseOptions
): string {
  const reuse = decideReuse(request, stored, NOW + later * SECOND, options)
  if (reuse.action === 'serve') {
    return `serve ${reuse.reason}${reuse.refresh ? ' and refresh' : ''}`
  }
  return reuse.action === 'timeout'
    ? `504 ${reuse.reason}`
    : `${reuse.action} ${reuse.reason} fwd=${reuse.fwd}`
}

t.test('RFC 9111 4.2: fresh while its lifetime is more than its age', async (t) => check(t, [
  ['at once', plain, 0, '', 'serve FRESH'],
  ['in the last second', plain, 59.999, '', 'serve FRESH'],
  ['not at the end of it', plain, 60, '', 'forward EXPIRED fwd=stale'],
  ['not afterwards', plain, 61, '', 'forward EXPIRED fwd=stale'],
  ['must-revalidate means nothing while it is fresh', mustRevalidate, 59, '', 'serve FRESH'],
  ['s-maxage means nothing else while it is fresh', sMaxage, 59, '', 'serve FRESH'],
  ['nothing is stored', undefined, 0, '', 'forward MISS fwd=uri-miss']
]))

t.test('RFC 9111 4, 5.2.2.4: no-cache is validated each time', async (t) =>
  check(t, [
    ['fresh', noCache, 0, '', 'forward NO_CACHE fwd=stale'],
    ['stale', noCache, 61, '', 'forward NO_CACHE fwd=stale'],
    ['whatever the client accepts', noCache, 61, 'max-stale', 'forward NO_CACHE fwd=stale'],
    [
      'whatever the client accepts of a fresh one',
      noCache,
      0,
      'max-stale',
      'forward NO_CACHE fwd=stale'
    ]
  ])
)

t.test('RFC 9111 4: methods', async (t) => {
  const table: [method: string, outcome: string][] = [
    ['GET', 'serve FRESH'],
    ['HEAD', 'serve FRESH'],
    ...['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'BREW', 'get'].map(
      (method): [string, string] => [method, 'forward METHOD fwd=method']
    )
  ]
  for (const [method, outcome] of table) {
    t.equal(said({ method, headers: {} }, plain, 0), outcome, method)
  }
  t.equal(
    said({ method: 'POST', headers: { 'cache-control': 'only-if-cached' } }, plain, 0),
    'forward METHOD fwd=method',
    'writes go through'
  )
})

t.test('RFC 5861 3: stale-while-revalidate', async (t) =>
  check(t, [
    ['fresh', whileRevalidate, 59, '', 'serve FRESH'],
    ['from when it is stale', whileRevalidate, 60, '', 'serve STALE_WHILE_REVALIDATE and refresh'],
    [
      'to the end of its window',
      whileRevalidate,
      89.999,
      '',
      'serve STALE_WHILE_REVALIDATE and refresh'
    ],
    ['not at the end of it', whileRevalidate, 90, '', 'forward EXPIRED fwd=stale'],
    [
      'no-cache of the client',
      whileRevalidate,
      61,
      'no-cache',
      'forward REQUEST_NO_CACHE fwd=stale'
    ],
    [
      'a client with max-age wants nothing stale (5.2.1.1)',
      whileRevalidate,
      61,
      'max-age=900',
      'forward REQUEST_MAX_AGE fwd=stale'
    ],
    [
      'nor does one with min-fresh',
      whileRevalidate,
      61,
      'min-fresh=0',
      'forward REQUEST_MIN_FRESH fwd=stale'
    ],
    [
      'one with max-age and max-stale takes it',
      whileRevalidate,
      61,
      'max-age=900, max-stale=5',
      'serve STALE_WHILE_REVALIDATE and refresh'
    ],
    [
      'one with max-stale too, and it is refreshed',
      whileRevalidate,
      61,
      'max-stale',
      'serve STALE_WHILE_REVALIDATE and refresh'
    ],
    [
      'max-stale does not make the window smaller',
      whileRevalidate,
      70,
      'max-stale=5',
      'serve STALE_WHILE_REVALIDATE and refresh'
    ],
    [
      'only-if-cached takes it',
      whileRevalidate,
      61,
      'only-if-cached',
      'serve STALE_WHILE_REVALIDATE and refresh'
    ]
  ])
)

t.test('RFC 9111 5.2.1.1: max-age of the request', async (t) =>
  check(t, [
    ['older', plain, 0, 'max-age=9', 'forward REQUEST_MAX_AGE fwd=request'],
    ['as old', plain, 0, 'max-age=10', 'serve FRESH'],
    [
      'older by less than a second',
      plain,
      0.001,
      'max-age=10',
      'forward REQUEST_MAX_AGE fwd=request'
    ],
    ['younger', plain, 0, 'max-age=11', 'serve FRESH'],
    ['0', plain, 0, 'max-age=0', 'forward REQUEST_MAX_AGE fwd=request'],
    ['quoted (5.2)', plain, 0, 'max-age="9"', 'forward REQUEST_MAX_AGE fwd=request'],
    ['does not make a stale one fresh', plain, 61, 'max-age=900', 'forward EXPIRED fwd=stale'],
    ['older and stale', plain, 61, 'max-age=9', 'forward REQUEST_MAX_AGE fwd=stale'],
    ['one that cannot be read asks nothing', plain, 0, 'max-age=x', 'serve FRESH'],
    ['nor does one without a value', plain, 0, 'max-age', 'serve FRESH'],
    ['a large one', plain, 0, 'max-age=99999999999', 'serve FRESH'],
    [
      'max-stale does not change how old it may be',
      plain,
      0,
      'max-age=9, max-stale',
      'forward REQUEST_MAX_AGE fwd=request'
    ]
  ])
)

t.test('RFC 9111 5.2.1.2: max-stale', async (t) => check(t, [
  ['any', plain, 61, 'max-stale', 'serve MAX_STALE'],
  ['any, years later', plain, 1e8, 'max-stale', 'serve MAX_STALE'],
  ['more than it is', plain, 65, 'max-stale=6', 'serve MAX_STALE'],
  ['as much as it is', plain, 65, 'max-stale=5', 'serve MAX_STALE'],
  ['less than it is', plain, 65.001, 'max-stale=5', 'forward EXPIRED fwd=stale'],
  ['0', plain, 61, 'max-stale=0', 'forward EXPIRED fwd=stale'],
  ['one that cannot be read is not any', plain, 61, 'max-stale=x', 'forward EXPIRED fwd=stale'],
  ['nor is an empty one', plain, 61, 'max-stale=', 'forward EXPIRED fwd=stale'],
  ['a fresh one', plain, 0, 'max-stale', 'serve FRESH'],
  ['with max-age', plain, 61, 'max-stale, max-age=100', 'serve MAX_STALE']
]))

t.test('RFC 9111 4.2.4: max-stale is not for what must not be stale', async (t) => check(t, [
  ['must-revalidate (5.2.2.2)', mustRevalidate, 61, 'max-stale', 'forward EXPIRED fwd=stale'],
  ['proxy-revalidate (5.2.2.8)', proxyRevalidate, 61, 'max-stale', 'forward EXPIRED fwd=stale'],
  ['s-maxage (5.2.2.10)', sMaxage, 61, 'max-stale', 'forward EXPIRED fwd=stale'],
  ['and what does not say so is not either', mustRevalidate, 61, '', 'forward EXPIRED fwd=stale']
]))

t.test('RFC 9111 5.2.1.3: min-fresh', async (t) =>
  check(t, [
    ['less than it is fresh', plain, 0, 'min-fresh=59', 'serve FRESH'],
    ['as long as it is fresh', plain, 0, 'min-fresh=60', 'serve FRESH'],
    ['longer', plain, 0, 'min-fresh=61', 'forward REQUEST_MIN_FRESH fwd=request'],
    [
      'longer by less than a second',
      plain,
      0.001,
      'min-fresh=60',
      'forward REQUEST_MIN_FRESH fwd=request'
    ],
    ['one that cannot be read asks nothing', plain, 0, 'min-fresh=x', 'serve FRESH'],
    [
      'max-stale does not change it',
      plain,
      61,
      'min-fresh=1, max-stale',
      'forward REQUEST_MIN_FRESH fwd=stale'
    ]
  ])
)

t.test('RFC 9111 5.2.1.4: no-cache of the request', async (t) =>
  check(t, [
    ['a fresh one is validated', plain, 0, 'no-cache', 'forward REQUEST_NO_CACHE fwd=request'],
    ['a stale one too', plain, 61, 'no-cache', 'forward REQUEST_NO_CACHE fwd=stale'],
    ['in any case', plain, 0, 'No-Cache', 'forward REQUEST_NO_CACHE fwd=request'],
    [
      'max-stale does not change it',
      plain,
      0,
      'no-cache, max-stale',
      'forward REQUEST_NO_CACHE fwd=request'
    ],
    [
      'nothing that is stored meanwhile will do either',
      undefined,
      0,
      'no-cache',
      'forward REQUEST_NO_CACHE fwd=uri-miss'
    ]
  ])
)

t.test('RFC 9111 5.2.1: directives that ask nothing of what is stored', async (t) => check(t, [
  ['no-store (5.2.1.5)', plain, 0, 'no-store', 'serve FRESH'],
  ['no-transform (5.2.1.6)', plain, 0, 'no-transform', 'serve FRESH'],
  ['unknown (5.2.3)', plain, 0, 'foobar=7', 'serve FRESH'],
  ['of responses', plain, 0, 'private, must-revalidate, s-maxage=0', 'serve FRESH'],
  ['no-cache as text in another', plain, 0, 'ext="no-cache"', 'serve FRESH']
]))

t.test('RFC 9111 5.2.1.7: only-if-cached', async (t) => check(t, [
  ['fresh', plain, 0, 'only-if-cached', 'serve FRESH'],
  ['stale', plain, 61, 'only-if-cached', '504 EXPIRED'],
  ['nothing', undefined, 0, 'only-if-cached', '504 MISS'],
  ['no-cache', noCache, 0, 'only-if-cached', '504 NO_CACHE'],
  ['with max-stale', plain, 61, 'only-if-cached, max-stale', 'serve MAX_STALE'],
  ['with what it does not meet', plain, 0, 'only-if-cached, min-fresh=61', '504 REQUEST_MIN_FRESH'],
  ['with no-cache', plain, 0, 'only-if-cached, no-cache', '504 REQUEST_NO_CACHE']
]))

t.test('RFC 9111 5.4: Pragma', async (t) => {
  const table: [Headers, outcome: string][] = [
    [{ pragma: 'no-cache' }, 'forward REQUEST_NO_CACHE fwd=request'],
    [{ pragma: 'No-Cache' }, 'forward REQUEST_NO_CACHE fwd=request'],
    [{ pragma: 'x, no-cache' }, 'forward REQUEST_NO_CACHE fwd=request'],
    [{ pragma: ['x', 'no-cache'] }, 'forward REQUEST_NO_CACHE fwd=request'],
    [{ pragma: 'x' }, 'serve FRESH'],
    [{ pragma: 'only-if-cached' }, 'serve FRESH'],
    [{ pragma: '' }, 'serve FRESH'],
    // Pragma is ignored if there is a Cache-Control.
    [{ pragma: 'no-cache', 'cache-control': 'max-age=60' }, 'serve FRESH'],
    [{ pragma: 'no-cache', 'cache-control': '' }, 'serve FRESH']
  ]
  for (const [headers, outcome] of table) {
    t.equal(said({ method: 'GET', headers }, plain, 0), outcome, JSON.stringify(headers))
  }
})

t.test('a route on which clients have no say', async (t) => {
  check(
    t,
    [
      ['no-cache', plain, 0, 'no-cache', 'serve FRESH'],
      ['max-age', plain, 0, 'max-age=0', 'serve FRESH'],
      ['min-fresh', plain, 0, 'min-fresh=61', 'serve FRESH'],
      ['max-stale', plain, 61, 'max-stale', 'forward EXPIRED fwd=stale'],
      ['only-if-cached', undefined, 0, 'only-if-cached', 'forward MISS fwd=uri-miss'],
      [
        'max-age of a stale one',
        whileRevalidate,
        61,
        'max-age=0',
        'serve STALE_WHILE_REVALIDATE and refresh'
      ]
    ],
    { requestDirectives: false }
  )
  t.equal(
    said({ method: 'GET', headers: { pragma: 'no-cache' } }, plain, 0, {
      requestDirectives: false
    }),
    'serve FRESH',
    'Pragma'
  )
  t.equal(
    said({ method: 'GET', headers: { pragma: 'no-cache' } }, plain, 0, {
      requestDirectives: true
    }),
    'forward REQUEST_NO_CACHE fwd=request',
    'with a say'
  )
})
