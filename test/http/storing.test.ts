import t, { type Test } from 'tap'
import { isHit, ours } from './cache-status.js'
import { stopClock } from './clock.js'
import { type Sent } from './client.js'
import { type Fields, type Scripted } from './origin.js'
import { proxiedApp } from './proxied-app.js'

type Headers = NonNullable<Sent['headers']>

interface Case {
  readonly rule: string
  /** Headers of the first request; the second has none. */
  readonly request?: Headers
  readonly response: Scripted
}

const DAY = 'Thu, 01 Jan 2015 00:00:00 GMT'
const says = (cacheControl: string | readonly string[], more: Fields = {}): Scripted => ({
  headers: { 'cache-control': cacheControl, ...more }
})

/** Requests each response twice: the second result shows whether the first was stored. */
async function check (
  t: Test,
  expected: 'stored' | 'not stored',
  cases: readonly Case[]
): Promise<void> {
  stopClock(t)
  const proxied = await proxiedApp(t)
  for (const [i, { rule, request = {}, response }] of cases.entries()) {
    const path = `/${i}`
    proxied.origin.on(
      path,
      { body: 'first', ...response },
      { headers: { 'cache-control': 'no-store' }, body: 'second' }
    )
    const first = await proxied.get(path, request)
    const second = await proxied.get(path)
    const { stored, detail } = ours(first)
    t.equal(first.status, response.status ?? 200, `${rule}: the status passes`)
    t.equal(isHit(second), expected === 'stored', `${rule}: ${expected}`)
    t.equal(
      proxied.origin.requests(path).length,
      expected === 'stored' ? 1 : 2,
      `${rule}: what the origin is asked`
    )
    if (expected === 'stored') t.match(second, { status: first.status, body: first.body }, rule)
    // While the head is sent it is only known when a response will not be stored.
    t.match(
      { stored, detail },
      expected === 'stored' ? { detail: undefined } : { stored: undefined, detail: /./ },
      `${rule}: Cache-Status says why not`
    )
  }
}

const HEURISTIC = [200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501]
const OTHERS = [
  201, 202, 302, 303, 307, 400, 401, 402, 403, 406, 409, 411, 413, 415, 417, 421, 422, 426, 451,
  500, 502, 503, 504, 505
]
const REFUSALS = [412, 416, 428, 429, 431, 511]

t.test(
  'RFC 9111 3: statuses that may be stored without a lifetime of their own (RFC 9110 15.1)',
  async (t) => {
    await check(
      t,
      'stored',
      HEURISTIC.map((status) => ({
        rule: String(status),
        response: { status, headers: { 'last-modified': DAY } }
      }))
    )
  }
)

t.test('RFC 9111 3: statuses that may not be stored', async (t) => {
  await check(
    t,
    'not stored',
    OTHERS.map((status) => ({
      rule: String(status),
      response: { status, headers: { 'last-modified': DAY } }
    }))
  )
})

t.test('RFC 9111 3: any final status may be stored with explicit freshness', async (t) => {
  await check(
    t,
    'stored',
    [...HEURISTIC, ...OTHERS, 299, 499].map((status) => ({
      rule: String(status),
      response: { status, ...says('max-age=60') }
    }))
  )
})

t.test('RFC 9111 3.3, RFC 6585: responses to a single request are never stored', async (t) => {
  await check(t, 'not stored', [
    ...REFUSALS.map((status) => ({
      rule: String(status),
      response: { status, ...says('max-age=60') }
    }))
  ])
})

t.test('RFC 9111 3: fields that allow storing', async (t) => {
  const future = new Date(Date.now() + 600_000).toUTCString()
  await check(t, 'stored', [
    { rule: 'max-age', response: says('max-age=60') },
    { rule: 's-maxage', response: says('s-maxage=60') },
    { rule: 'Expires', response: { headers: { expires: future } } },
    {
      rule: 'public, with what a lifetime can be guessed by',
      response: { status: 302, ...says('public', { 'last-modified': DAY }) }
    },
    {
      rule: 'Expires makes any status storable',
      response: { status: 302, headers: { expires: future } }
    },
    { rule: 'names in any case', response: says('MAX-AGE=60') },
    { rule: 'empty members', response: says(', ,max-age=60, ,') },
    { rule: 'several field lines', response: says(['public', 'max-age=60']) },
    {
      rule: '5.2.3: unknown directives',
      response: says('community="UCI, no-store", max-age=60, foo=bar')
    },
    {
      rule: '5.4: Pragma means nothing in a response',
      response: says('max-age=60', { pragma: 'no-cache' })
    },
    { rule: 'no-transform', response: says('max-age=60, no-transform') },
    {
      rule: '5.2.2.3: must-understand beside no-store, the status being known',
      response: says('max-age=60, must-understand, no-store')
    }
  ])
})

t.test('RFC 9111 3: fields that forbid storing', async (t) => {
  await check(t, 'not stored', [
    { rule: 'nothing says how long it could be used', response: {} },
    { rule: '5.2.2.5: no-store', response: says('no-store') },
    { rule: 'no-store beside a lifetime', response: says('max-age=60, no-store') },
    { rule: 'no-store in any case', response: says('max-age=60, NO-Store') },
    { rule: 'no-store in a field line of its own', response: says(['max-age=60', 'no-store']) },
    { rule: 'no-store with a value it should not have', response: says('max-age=60, no-store=1') },
    { rule: '5.2.2.7: private', response: says('private, max-age=60') },
    { rule: 'private is for s-maxage too', response: says('private, s-maxage=60') },
    { rule: 'private with an empty list', response: says('private="", max-age=60') },
    {
      rule: '5.2.2.3: must-understand, the status being unknown',
      response: { status: 299, ...says('max-age=60, must-understand') }
    },
    { rule: 'Set-Cookie', response: says('max-age=60', { 'set-cookie': 'a=1' }) },
    { rule: '4.1: Vary: *', response: says('max-age=60', { vary: '*' }) },
    { rule: '4.1: Vary with * among others', response: says('max-age=60', { vary: 'accept, *' }) },
    { rule: '4.2.1: max-age=0, and nothing to validate by', response: says('max-age=0') },
    {
      rule: '5.2.2.4: no-cache, and nothing to validate by',
      response: says('no-cache, max-age=60')
    },
    {
      rule: '5.3: Expires: 0, and nothing to validate by',
      response: { headers: { expires: '0' } }
    }
  ])
})

t.test('RFC 9111 3.5: requests with Authorization, unless the response allows it', async (t) => {
  const request = { authorization: 'Basic YTpi' }
  await check(t, 'not stored', [
    { rule: 'max-age', request, response: says('max-age=60') },
    {
      rule: 'Expires',
      request,
      response: { headers: { expires: new Date(Date.now() + 600_000).toUTCString() } }
    },
    { rule: 'heuristics', request, response: { headers: { 'last-modified': DAY } } },
    { rule: 'proxy-revalidate', request, response: says('max-age=60, proxy-revalidate') },
    { rule: 'public, but no-store', request, response: says('public, max-age=60, no-store') }
  ])
})

t.test('RFC 9111 3.5: directives that allow it', async (t) => {
  const request = { authorization: 'Basic YTpi' }
  await check(t, 'stored', [
    { rule: 'public', request, response: says('public, max-age=60') },
    { rule: 's-maxage', request, response: says('s-maxage=60') },
    { rule: 'must-revalidate', request, response: says('must-revalidate, max-age=60') }
  ])
})

t.test('RFC 9111 5.2.1.5: no-store in the request', async (t) => {
  await check(t, 'not stored', [
    { rule: 'no-store', request: { 'cache-control': 'no-store' }, response: says('max-age=60') },
    {
      rule: 'among others',
      request: { 'cache-control': 'max-age=5, no-store' },
      response: says('public, max-age=60')
    }
  ])
})

t.test('RFC 9111 3: each request for a response that is not stored reaches the origin', async (t) => {
  const { origin, get } = await proxiedApp(t)
  origin.always('/', says('no-store'))
  for (let i = 1; i <= 3; i++) {
    await get('/')
    t.equal(origin.requests('/').length, i)
  }
})
