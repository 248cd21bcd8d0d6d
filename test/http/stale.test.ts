import t, { type Test } from 'tap'
import { isHit, ours } from './cache-status.js'
import { stopClock } from './clock.js'
import { gate } from './tally.js'
import { type Answering } from './origin.js'
import { proxiedApp, type ProxiedOptions } from './proxied-app.js'

/**
 * A stored response with these directives and a lifetime of 60 s; its age when the origin fails;
 * and the request's directives.
 */
type Case = readonly [
  directives: string,
  age: number,
  failure: number | 'drop',
  outcome: 'stale' | 'error',
  request?: string
]

async function check (
  t: Test,
  cases: readonly Case[],
  cache: ProxiedOptions['cache'] = {}
): Promise<void> {
  const clock = stopClock(t)
  const { origin, get } = await proxiedApp(t, { cache })
  for (const [i, [directives, age, failure, outcome, request]] of cases.entries()) {
    const path = `/${i}`
    const rule = `${directives}, ${age} s old, ${failure}${request === undefined ? '' : `, asked ${request}`}: ${outcome}`
    const failing: Answering =
      failure === 'drop'
        ? 'drop'
        : { status: failure, headers: { 'x-failed': '1' }, body: 'failed' }
    // The tag retains a response that must not be used as is.
    origin.on(
      path,
      { headers: { 'cache-control': directives, etag: '"1"' }, body: 'first' },
      failing,
      { body: 'third' }
    )
    await get(path)
    clock.advance(age)
    const answer = await get(path, request === undefined ? {} : { 'cache-control': request })
    if (outcome === 'stale') {
      t.match(
        answer,
        {
          status: 200,
          body: 'first',
          headers: { age: String(age), etag: '"1"', 'x-failed': undefined }
        },
        rule
      )
      t.match(
        ours(answer),
        { fwd: 'stale', ttl: 60 - age, ...(failure !== 'drop' && { 'fwd-status': failure }) },
        rule
      )
    } else if (failure === 'drop') {
      t.ok(answer.status >= 500, rule)
      t.not(answer.body, 'first', rule)
    } else {
      t.match(
        answer,
        { status: failure, body: 'failed', headers: { 'x-failed': '1', etag: undefined } },
        rule
      )
    }
    t.equal((await get(path)).body, 'third', `${rule}: the origin is tried again`)
  }
}

t.test('RFC 5861 4: stale-if-error', async (t) => {
  const allows = 'max-age=60, stale-if-error=30'
  await check(t, [
    [allows, 61, 500, 'stale'],
    [allows, 61, 502, 'stale'],
    [allows, 61, 503, 'stale'],
    [allows, 61, 504, 'stale'],
    [allows, 61, 'drop', 'stale'],
    [allows, 89, 503, 'stale'],
    [allows, 91, 503, 'error'],
    [allows, 91, 'drop', 'error'],
    [allows, 61, 501, 'error'],
    [allows, 61, 505, 'error'],
    [allows, 61, 404, 'error'],
    [allows, 61, 403, 'error'],
    [allows, 61, 429, 'error'],
    ['max-age=60, stale-if-error=0', 61, 503, 'error'],
    ['max-age=60, stale-if-error=soon', 61, 503, 'error']
  ])
})

t.test('RFC 9111 4.2.4: an error passes if nothing allows stale responses', async (t) => {
  await check(t, [
    ['max-age=60', 61, 500, 'error'],
    ['max-age=60', 61, 503, 'error'],
    ['max-age=60', 61, 'drop', 'error']
  ])
})

t.test('RFC 9111 4.2.4, 5.2.2: no stale response if it is prohibited', async (t) => {
  await check(
    t,
    ['must-revalidate', 'proxy-revalidate', 's-maxage=60', 'no-cache'].flatMap(
      (prohibits): Case[] => [
        [`max-age=60, stale-if-error=30, ${prohibits}`, 61, 503, 'error'],
        [`max-age=60, stale-if-error=30, ${prohibits}`, 61, 'drop', 'error'],
        [`max-age=60, ${prohibits}`, 61, 503, 'error', 'stale-if-error=30']
      ]
    )
  )
})

t.test('RFC 5861 4: stale-if-error of the request', async (t) => {
  await check(t, [
    ['max-age=60', 70, 503, 'stale', 'stale-if-error=30'],
    ['max-age=60', 70, 'drop', 'stale', 'stale-if-error=30'],
    ['max-age=60', 91, 503, 'error', 'stale-if-error=30'],
    ['max-age=60', 70, 501, 'error', 'stale-if-error=30']
  ])
})

t.test('staleIfError of the route', async (t) => {
  await check(t, [
    ['max-age=60', 70, 503, 'stale'],
    ['max-age=60', 70, 'drop', 'stale'],
    ['max-age=60', 91, 503, 'error'],
    ['max-age=60, must-revalidate', 70, 503, 'error']
  ], { staleIfError: '30s' })
})

t.test('a request cannot ask for stale responses if its directives are ignored', async (t) => {
  await check(t, [['max-age=60', 70, 503, 'error', 'stale-if-error=30']], {
    requestDirectives: false
  })
})

t.test('RFC 9111 5.2.2.2: must-revalidate without any response from the origin is an error', async (t) => {
  const clock = stopClock(t)
  const { origin, get } = await proxiedApp(t)
  origin.on(
    '/',
    { headers: { 'cache-control': 'max-age=60, must-revalidate', etag: '"1"' }, body: 'first' },
    'drop'
  )
  await get('/')
  clock.advance(60)
  t.ok((await get('/')).status >= 500)
})

t.test(
  'an error does not affect the stored response: it is validated when the origin is back',
  async (t) => {
    const clock = stopClock(t)
    const { origin, get } = await proxiedApp(t)
    const stored = { headers: { 'cache-control': 'max-age=60', etag: '"1"' }, body: 'first' }
    origin.on(
      '/',
      stored,
      { status: 503, body: 'failed' },
      { status: 304, headers: { etag: '"1"' } }
    )
    await get('/')
    clock.advance(60)
    t.equal((await get('/')).status, 503)
    t.match(await get('/'), { status: 200, body: 'first' })
    t.equal(origin.requests('/')[2]?.headers['if-none-match'], '"1"')
  }
)

t.test('an unreachable origin does not affect fresh responses', async (t) => {
  const { origin, get } = await proxiedApp(t)
  origin.on('/', { headers: { 'cache-control': 'max-age=60' }, body: 'first' }, 'drop')
  origin.on('/cold', 'drop', { body: 'later' })
  await get('/')
  t.ok((await get('/cold')).status >= 500)
  t.equal((await get('/cold')).body, 'later', 'an error is not stored')
  t.match(await get('/'), { status: 200, body: 'first' })
})

t.test('RFC 5861 3: stale-while-revalidate serves at once, and fetches once', async (t) => {
  const clock = stopClock(t)
  const { origin, get, answered } = await proxiedApp(t)
  const { open, opened } = gate()
  const fresh = { 'cache-control': 'max-age=60, stale-while-revalidate=30', etag: '"1"' }
  origin.on(
    '/',
    { headers: fresh, body: 'first' },
    { headers: { ...fresh, etag: '"2"' }, body: 'second', after: opened }
  )
  await get('/', { 'x-mine': '1' })
  clock.advance(75)
  for (let i = 0; i < 3; i++) {
    const stale = await get('/', { 'x-mine': '1', 'if-none-match': '"7"', range: 'bytes=0-99' })
    t.match(stale, { status: 206, body: 'first', headers: { age: '75' } })
    t.match(ours(stale), { hit: true, ttl: -15 })
  }
  await origin.received('/', 2)
  open()
  await answered('/', 5)
  const hit = await get('/')
  t.match(
    { hit: isHit(hit), body: hit.body, age: hit.headers.age, etag: hit.headers.etag },
    { hit: true, body: 'second', age: '0', etag: '"2"' }
  )
  t.equal(origin.requests('/').length, 2)
  const { headers } = origin.requests('/')[1] ?? {}
  t.match(
    headers,
    { 'if-none-match': '"1"', range: undefined, 'x-mine': '1' },
    "it has the stored validator, and none of the client's conditions"
  )
  t.strictSame(
    Object.keys(headers ?? {}).filter((name) => name.startsWith('x-weir')),
    [],
    "nothing of Weir's own is told to the origin"
  )
})

t.test('RFC 5861 3: its background request may be answered by a 304', async (t) => {
  const clock = stopClock(t)
  const { origin, get, answered } = await proxiedApp(t)
  const headers = { 'cache-control': 'max-age=60, stale-while-revalidate=30', etag: '"1"' }
  origin.on('/', { headers, body: 'first' }, { status: 304, headers })
  await get('/')
  clock.advance(75)
  t.match(await get('/'), { body: 'first', headers: { age: '75' } })
  await answered('/', 3)
  const hit = await get('/')
  t.match(
    { hit: isHit(hit), body: hit.body, age: hit.headers.age },
    { hit: true, body: 'first', age: '0' }
  )
  t.equal(origin.requests('/').length, 2)
})

t.test('RFC 5861 3: while the origin fails, stale responses are served until the window ends', async (t) => {
  const clock = stopClock(t)
  const { origin, get, answered } = await proxiedApp(t)
  origin.on(
    '/',
    { headers: { 'cache-control': 'max-age=60, stale-while-revalidate=30' }, body: 'first' },
    { status: 503 },
    'drop',
    { body: 'fourth' }
  )
  await get('/')
  clock.advance(70)
  t.match(await get('/'), { status: 200, body: 'first' })
  await answered('/', 3)
  t.match(await get('/'), { status: 200, body: 'first' })
  await answered('/', 5)
  clock.advance(20)
  t.match(await get('/'), { status: 200, body: 'fourth' }, 'after that it is waited for')
})

t.test('RFC 9111 4.2.4, RFC 5861 3: when stale-while-revalidate does not apply', async (t) => {
  const clock = stopClock(t)
  const { origin, get } = await proxiedApp(t)
  const allows = 'max-age=60, stale-while-revalidate=30'
  const rows = [
    [allows, 90],
    [`${allows}, must-revalidate`, 61],
    [`${allows}, proxy-revalidate`, 61],
    [`${allows}, s-maxage=60`, 61],
    [`${allows}, no-cache`, 61],
    ['max-age=60, stale-while-revalidate=0', 61],
    ['max-age=60, stale-while-revalidate=x', 61],
    ['max-age=60', 61]
  ] as const
  for (const [i, [directives, age]] of rows.entries()) {
    origin.on(
      `/${i}`,
      { headers: { 'cache-control': directives, etag: '"1"' }, body: 'first' },
      { body: 'second' }
    )
    await get(`/${i}`)
    clock.advance(age)
    t.equal((await get(`/${i}`)).body, 'second', `${directives}, ${age} s old`)
  }
})

t.test('staleWhileRevalidate of the route', async (t) => {
  const clock = stopClock(t)
  const { origin, get, answered } = await proxiedApp(t, { cache: { staleWhileRevalidate: '30s' } })
  origin.on(
    '/',
    { headers: { 'cache-control': 'max-age=60' }, body: 'first' },
    { headers: { 'cache-control': 'max-age=60' }, body: 'second' }
  )
  await get('/')
  clock.advance(89)
  t.match(await get('/'), { body: 'first', headers: { age: '89' } })
  await answered('/', 3)
  t.equal((await get('/')).body, 'second')
  t.equal(origin.requests('/').length, 2)
})
