import t, { type Test } from 'tap'
import { isHit } from './cache-status.js'
import { type Scripted } from './origin.js'
import { type Proxied, proxiedApp } from './proxied-app.js'
import { gate } from './tally.js'

const FRESH = { 'cache-control': 'max-age=60' }

/** Whether the stored response for `path` is gone: only-if-cached finds nothing. */
async function isGone ({ get }: Proxied, path: string): Promise<boolean> {
  const { status } = await get(path, { 'cache-control': 'only-if-cached' })
  return status === 504
}

async function stored (proxied: Proxied, ...paths: string[]): Promise<void> {
  for (const path of paths) {
    proxied.origin.on(path, { headers: FRESH, body: path })
    await proxied.get(path)
  }
}

t.test('RFC 9111 4.4: which methods and statuses invalidate the target', async (t) => {
  const proxied = await proxiedApp(t)
  const rows = [
    ...['POST', 'PUT', 'PATCH', 'DELETE'].flatMap((method) => [
      ...[200, 201, 202, 204, 205, 301, 302, 303, 307, 308].map(
        (status) => [method, status, true] as const
      ),
      ...[400, 401, 403, 404, 405, 409, 410, 412, 415, 422, 429, 500, 501, 502, 503, 504].map(
        (status) => [method, status, false] as const
      )
    ]),
    ['OPTIONS', 200, false],
    ['OPTIONS', 204, false],
    ['HEAD', 200, false],
    ['GET', 200, false]
  ] as const
  for (const [method, status, invalidates] of rows) {
    const path = `/${method}/${status}`
    await stored(proxied, path)
    proxied.origin.on(path, { status, body: '' })
    // Responses to GET and HEAD must be requested again.
    const answer = await proxied.send(method, path, {
      headers:
        method === 'GET' || method === 'HEAD' ? { 'cache-control': 'no-store, no-cache' } : {}
    })
    t.equal(answer.status, status)
    t.equal(
      await isGone(proxied, path),
      invalidates,
      `${method}, ${status}: ${invalidates ? '' : 'not '}invalidated`
    )
  }
})

t.test('RFC 9111 4.4: an unsafe method is written through, regardless of stored responses', async (t) => {
  const proxied = await proxiedApp(t)
  await stored(proxied, '/')
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
    proxied.origin.on('/', { status: 418, body: method })
    const answer = await proxied.send(method, '/', {
      headers: { 'cache-control': 'only-if-cached, max-stale' }
    })
    t.match(answer, { status: 418, body: method })
    t.equal(proxied.origin.requests('/').at(-1)?.method, method)
  }
})

t.test('RFC 9111 3: responses to unsafe methods other than POST are not stored', async (t) => {
  const proxied = await proxiedApp(t)
  for (const method of ['PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
    const path = `/${method}`
    proxied.origin.on(
      path,
      { headers: { ...FRESH, 'content-location': path }, body: 'of a write' },
      { body: 'read' }
    )
    await proxied.send(method, path)
    t.match(await proxied.get(path), { body: 'read' }, method)
  }
})

type Named = readonly [
  rule: string,
  headers: (proxied: Proxied) => Scripted['headers'],
  gone: readonly string[]
]

async function checkNamed (t: Test, rows: readonly Named[], status = 201): Promise<void> {
  const proxied = await proxiedApp(t)
  const others = ['/a', '/a?x=1', '/b', '/c/d']
  for (const [rule, headers, gone] of rows) {
    await proxied.app.responseCache.cache.clear()
    await stored(proxied, '/c/target', ...others)
    proxied.origin.on('/c/target', { status, headers: headers(proxied) ?? {} })
    await proxied.send('POST', '/c/target')
    for (const path of others) {
      t.equal(await isGone(proxied, path), gone.includes(path), `${rule}: ${path}`)
    }
  }
}

t.test('RFC 9111 4.4: Location and Content-Location, on the same origin', async (t) => {
  const host = (url: string) => new URL(url).host
  await checkNamed(
    t,
    ['location', 'content-location'].flatMap((name): Named[] => [
      [`${name}: a path`, () => ({ [name]: '/a' }), ['/a']],
      [`${name}: a path with a query`, () => ({ [name]: '/a?x=1' }), ['/a?x=1']],
      [`${name}: relative`, () => ({ [name]: 'd' }), ['/c/d']],
      [`${name}: up`, () => ({ [name]: '../b' }), ['/b']],
      [`${name}: with a fragment`, () => ({ [name]: '/a#x' }), ['/a']],
      [`${name}: the whole URI`, ({ url }) => ({ [name]: `${url}/a` }), ['/a']],
      [`${name}: without the scheme`, ({ url }) => ({ [name]: `//${host(url)}/a` }), ['/a']],
      [`${name}: another host`, () => ({ [name]: 'http://other.example/a' }), []],
      [
        `${name}: another port`,
        ({ url }) => ({ [name]: `http://${host(url).split(':')[0]}:1/a` }),
        []
      ],
      [`${name}: another scheme`, ({ url }) => ({ [name]: `https://${host(url)}/a` }), []],
      [`${name}: nothing that can be read`, () => ({ [name]: 'http://[' }), []]
    ])
  )
})

t.test('RFC 9111 4.4: Location and Content-Location at once', async (t) => {
  await checkNamed(t, [
    ['both', () => ({ location: '/a', 'content-location': '/b' }), ['/a', '/b']]
  ])
})

t.test('RFC 9111 4.4: neither of them after a failed request', async (t) => {
  await checkNamed(t, [['failed', () => ({ location: '/a', 'content-location': '/b' }), []]], 409)
})

t.test('RFC 9111 4.4: the target URI with its query, and without it', async (t) => {
  const proxied = await proxiedApp(t)
  await stored(proxied, '/a', '/a?x=1', '/a?x=2', '/a/')
  proxied.origin.on('/a?x=1', { status: 204 })
  await proxied.send('POST', '/a?x=1')
  t.strictSame(
    await Promise.all(['/a', '/a?x=1', '/a?x=2', '/a/'].map((path) => isGone(proxied, path))),
    [true, true, false, false]
  )
})

t.test('RFC 9111 4.4: all variants of the URI', async (t) => {
  const proxied = await proxiedApp(t)
  const { origin, get, send } = proxied
  origin.always('/', ({ method, headers }) => ({
    headers: { ...FRESH, vary: 'accept-language' },
    body: `${method} ${headers['accept-language']}`
  }))
  for (const language of ['de', 'en', 'fr']) await get('/', { 'accept-language': language })
  await send('PUT', '/', { headers: { 'accept-language': 'de' } })
  for (const language of ['de', 'en', 'fr']) {
    t.notOk(isHit(await get('/', { 'accept-language': language })), language)
  }
  for (const language of ['de', 'en', 'fr']) {
    t.ok(isHit(await get('/', { 'accept-language': language })), language)
  }
})

t.test('RFC 9111 4.4: stale responses are also gone, and not validated', async (t) => {
  const { origin, get, send } = await proxiedApp(t)
  origin.on(
    '/',
    { headers: { 'cache-control': 'no-cache', etag: '"1"' }, body: 'before' },
    { status: 204 },
    { body: 'after' }
  )
  await get('/')
  await send('PUT', '/', { body: 'x' })
  t.equal((await get('/')).body, 'after')
  t.equal(origin.requests('/').at(-1)?.headers['if-none-match'], undefined)
})

t.test(
  'a fill that began before a write and ends after it is not used by later requests',
  async (t) => {
    const { origin, get, send } = await proxiedApp(t)
    const { open, opened } = gate()
    origin.on(
      '/',
      { headers: FRESH, body: 'before', after: opened },
      { status: 204 },
      { headers: FRESH, body: 'after' }
    )
    const slow = get('/')
    await origin.received('/')
    t.equal((await send('PUT', '/', { body: 'x' })).status, 204)
    const next = get('/')
    open()
    await slow
    t.match(await next, { body: 'after' })
    t.match(await get('/'), { body: 'after' })
  }
)

t.test('a fill whose body is in flight during a write is not used either', async (t) => {
  const { origin, open, get, send } = await proxiedApp(t)
  const end = gate()
  origin.on(
    '/',
    { headers: FRESH, body: ['before', end.opened] },
    { status: 204 },
    { headers: FRESH, body: 'after' }
  )
  const slow = await open('/')
  await slow.atLeast(6)
  t.equal((await send('PUT', '/', { body: 'x' })).status, 204)
  end.open()
  t.match(
    await slow.whole(),
    { body: 'before', complete: true },
    'who asked before the write gets what was then'
  )
  t.match(await get('/'), { body: 'after' })
})

t.test('a validation that began before a write does not renew the old response', async (t) => {
  const { origin, get, send } = await proxiedApp(t)
  const { open, opened } = gate()
  const before = { headers: { 'cache-control': 'max-age=60', etag: '"1"' }, body: 'before' }
  origin.on(
    '/',
    before,
    { status: 304, headers: { etag: '"1"' }, after: opened },
    { status: 204 },
    { headers: FRESH, body: 'after' }
  )
  await get('/')
  const slow = get('/', { 'cache-control': 'no-cache' })
  await origin.received('/', 2)
  t.equal((await send('PUT', '/', { body: 'x' })).status, 204)
  open()
  await slow
  t.match(await get('/'), { body: 'after' })
})

t.test('a write is acknowledged after the invalidation: the next read is new', async (t) => {
  const { origin, get, send } = await proxiedApp(t)
  let version = 0
  origin.always('/', ({ method }) =>
    method === 'GET'
      ? { headers: FRESH, body: String(version) }
      : { status: 200, body: String(++version) }
  )
  for (let i = 1; i <= 20; i++) {
    await get('/')
    await send('POST', '/', { body: 'x' })
    t.equal((await get('/')).body, String(i))
  }
})
