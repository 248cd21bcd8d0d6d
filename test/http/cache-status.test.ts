import t from 'tap'
import { cacheStatus, ours } from './cache-status.js'
import { stopClock } from './clock.js'
import { type Answer } from './client.js'
import { proxiedApp } from './proxied-app.js'
import { gate } from './tally.js'

const FRESH = { 'cache-control': 'max-age=60', etag: '"1"' }
const field = ({ headers }: Answer) => String(headers['cache-status'])

t.test('RFC 9211 2: Cache-Status for each kind of response', async (t) => {
  const clock = stopClock(t)
  const { origin, get, send } = await proxiedApp(t, { name: 'edge-1' })
  origin.on('/', { headers: FRESH, body: 'text' })
  t.match(ours(await get('/')), {
    cache: 'edge-1',
    hit: undefined,
    fwd: 'uri-miss',
    'fwd-status': undefined
  })
  clock.advance(20)
  t.match(ours(await get('/')), { cache: 'edge-1', hit: true, fwd: undefined, ttl: 40 })

  origin.on('/', { status: 304, headers: FRESH })
  t.match(ours(await get('/', { 'cache-control': 'no-cache' })), {
    hit: undefined,
    fwd: 'request',
    'fwd-status': 304
  })
  clock.advance(70)
  t.match(ours(await get('/', { 'cache-control': 'max-stale' })), {
    hit: true,
    fwd: undefined,
    ttl: -10
  })
  origin.on('/', { status: 304, headers: FRESH })
  t.match(ours(await get('/')), { hit: undefined, fwd: 'stale', 'fwd-status': 304 })
  clock.advance(60)
  origin.on('/', { headers: { 'cache-control': 'no-store' } })
  t.match(ours(await get('/')), { hit: undefined, fwd: 'stale', stored: undefined, detail: /./ })

  origin.always('/vary', { headers: { ...FRESH, vary: 'accept' } })
  await get('/vary', { accept: 'a/a' })
  t.match(ours(await get('/vary', { accept: 'b/b' })), { hit: undefined, fwd: 'vary-miss' })

  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
    origin.on('/', { status: 204 })
    t.match(
      ours(await send(method, '/')),
      { cache: 'edge-1', hit: undefined, fwd: 'method', stored: undefined },
      method
    )
  }
  origin.on('/failing', { status: 503, body: 'failed' })
  t.match(ours(await get('/failing')), { hit: undefined, fwd: 'uri-miss', stored: undefined })
})

t.test('RFC 9211 2.1, 2.2: a member has never both hit and fwd', async (t) => {
  const clock = stopClock(t)
  const { origin, get } = await proxiedApp(t)
  origin.always('/', { headers: { 'cache-control': 'max-age=60, stale-while-revalidate=60' } })
  for (const seconds of [0, 1, 61, 61, 200]) {
    clock.advance(seconds)
    const { hit, fwd } = ours(await get('/'))
    t.ok((hit === true) !== (typeof fwd === 'string'), `after ${seconds} s`)
  }
})

t.test(
  "RFC 9211 2: the origin's own member precedes Weir's on a forwarded response",
  async (t) => {
    stopClock(t)
    const { origin, get, send } = await proxiedApp(t)
    const theirs = 'OriginCache; hit; ttl=1100; detail="a, b"'
    origin.on('/', { headers: { ...FRESH, 'cache-status': theirs } })
    origin.on('/', {
      status: 304,
      headers: { ...FRESH, 'cache-status': 'OriginCache; fwd=stale' }
    })
    origin.on('/no-store', {
      headers: { 'cache-control': 'no-store', 'cache-status': ['A; hit', 'B; fwd=miss'] }
    })
    origin.on('/no-store', { headers: { 'cache-status': theirs } })
    const answer = await get('/')
    t.strictSame(
      cacheStatus(answer).map(({ cache }) => cache),
      ['OriginCache', 'weir']
    )
    t.ok(field(answer).startsWith(`${theirs}, weir;`), field(answer))
    t.strictSame(
      cacheStatus(await get('/no-store')).map(({ cache }) => cache),
      ['A', 'B', 'weir']
    )
    t.strictSame(
      cacheStatus(await send('POST', '/no-store')).map(({ cache }) => cache),
      ['OriginCache', 'weir']
    )
    const hit = await get('/')
    t.match(ours(hit), { cache: 'weir', hit: true }, 'ours is the last on a hit as well')
    t.equal(cacheStatus(hit).filter(({ cache }) => cache === 'weir').length, 1)
  }
)

t.test('RFC 9211 2.7: the key is not disclosed', async (t) => {
  const { origin, get } = await proxiedApp(t)
  origin.on('/secret?token=abc', { headers: FRESH })
  for (const answer of [await get('/secret?token=abc'), await get('/secret?token=abc')]) {
    t.notMatch(field(answer), /key=|abc/)
  }
})

t.test('RFC 9211 2: a name that is not a token is sent as a string', async (t) => {
  const { origin, get } = await proxiedApp(t, { name: 'the "edge", 1' })
  origin.on('/', { headers: FRESH })
  t.match(field(await get('/')), /^"the \\"edge\\", 1"; fwd=uri-miss/)
})

t.test('RFC 9211 2.6: a coalesced response is marked', async (t) => {
  stopClock(t)
  const { origin, get, arrived } = await proxiedApp(t)
  let release = () => {}
  const after = new Promise<void>((resolve) => { release = resolve })
  origin.on('/', { headers: FRESH, after })
  const first = get('/')
  await origin.received('/')
  const second = get('/')
  await arrived('/', 2)
  release()
  t.match(ours(await first), { fwd: 'uri-miss', collapsed: undefined })
  t.match(ours(await second), { fwd: 'uri-miss', collapsed: true })
})

t.test('RFC 9211 2.5: a stored response is marked, however it is sent', async (t) => {
  stopClock(t)
  const { origin, get } = await proxiedApp(t)
  const bodies = { whole: 'text', 'in parts': ['te', 'xt'], empty: '' }
  for (const [name, body] of Object.entries(bodies)) {
    const path = `/${encodeURIComponent(name)}`
    origin.on(path, { headers: FRESH, body })
    t.match(
      ours(await get(path)),
      { fwd: 'uri-miss', stored: true, ttl: 60, detail: undefined },
      name
    )
    t.match(ours(await get(path)), { hit: true, stored: undefined }, name)
  }
})

t.test('RFC 9211 2.2: fwd names the missing part', async (t) => {
  stopClock(t)
  const { origin, get, send } = await proxiedApp(t)
  const headers = { ...FRESH, vary: 'accept' }
  origin.always('/', ({ headers: { accept } }) => ({ headers, body: String(accept) }))
  t.match(ours(await send('HEAD', '/', { headers: { accept: 'a/a' } })), { fwd: 'uri-miss' })
  t.match(ours(await get('/', { accept: 'a/a', 'cache-control': 'max-stale' })), {
    fwd: 'uri-miss'
  })
  t.match(ours(await get('/', { accept: 'b/b', 'cache-control': 'max-stale' })), {
    fwd: 'vary-miss'
  })
  t.match(ours(await send('HEAD', '/', { headers: { accept: 'c/c' } })), { fwd: 'vary-miss' })
  t.match(
    ours(await send('HEAD', '/', { headers: { accept: 'c/c', 'cache-control': 'max-stale' } })),
    { fwd: 'vary-miss' }
  )

  const keyed = await proxiedApp(t, { cache: { vary: ['accept'] } })
  keyed.origin.always('/', { headers: FRESH })
  t.match(
    ours(await keyed.send('HEAD', '/', { headers: { accept: 'a/a' } })),
    { fwd: 'miss' },
    'it is unknown whether the URI has a response'
  )
  t.match(ours(await keyed.get('/', { accept: 'a/a' })), { fwd: 'miss', stored: true })
  t.match(ours(await keyed.get('/', { accept: 'b/b' })), { fwd: 'miss' })
  t.match(ours(await keyed.get('/', { accept: 'b/b' })), { hit: true })
})

t.test('RFC 9211 2.2, 2.6: a coalesced request for a variant has its own fwd', async (t) => {
  stopClock(t)
  const { origin, get, arrived } = await proxiedApp(t)
  const { open, opened } = gate()
  const headers = { ...FRESH, vary: 'accept' }
  origin.on('/', { headers }, { headers, after: opened })
  await get('/', { accept: 'a/a' })
  const first = get('/', { accept: 'b/b' })
  await origin.received('/', 2)
  const second = get('/', { accept: 'b/b' })
  await arrived('/', 3)
  open()
  t.match(ours(await first), { fwd: 'vary-miss', stored: true, collapsed: undefined })
  t.match(ours(await second), { fwd: 'vary-miss', collapsed: true })
})

t.test("RFC 9211 2.3: the origin's status if the client gets another one", async (t) => {
  const clock = stopClock(t)
  const { origin, get } = await proxiedApp(t)
  for (const [i, headers] of [
    { range: 'bytes=0-1' },
    { range: 'bytes=9-' },
    { 'if-none-match': '"1"' }
  ].entries()) {
    origin.on(`/${i}`, { headers: FRESH, body: 'text' })
    const answer = await get(`/${i}`, headers)
    t.not(answer.status, 200)
    t.match(
      ours(answer),
      { fwd: 'uri-miss', 'fwd-status': 200, stored: true },
      JSON.stringify(headers)
    )
  }
  clock.advance(1)
})

t.test(
  'RFC 9111 5.2.1.7: only-if-cached never reaches the origin, and its 504 has the reason',
  async (t) => {
    stopClock(t)
    const { origin, get } = await proxiedApp(t, { maxBodyBytes: 2 })
    origin.on('/', { headers: FRESH, body: 'text' })
    await get('/')
    const only = { 'cache-control': 'only-if-cached' }
    for (const headers of [
      only,
      { ...only, range: 'bytes=0-1' },
      { ...only, 'if-none-match': '"1"' },
      { ...only, 'if-match': '"1"' }
    ]) {
      const answer = await get('/', headers)
      t.equal(answer.status, 504, JSON.stringify(headers))
      t.match(ours(answer), { cache: 'weir', detail: 'ONLY_IF_CACHED' })
    }
    t.equal(origin.requests('/').length, 1)
  }
)

t.test('RFC 9211 2.4: a response that is always validated has no ttl, however it is sent', async (t) => {
  stopClock(t)
  const { origin, get } = await proxiedApp(t)
  const modified = 'Thu, 01 Jan 2015 00:00:00 GMT'
  for (const [i, cacheControl] of ['no-cache', 'no-cache, max-age=60', 'max-age=0'].entries()) {
    for (const [name, body] of Object.entries({ whole: 'text', 'in parts': ['te', 'xt'] })) {
      for (const headers of [{}, { range: 'bytes=0-1' }]) {
        const path = `/${i}/${name.length}/${Object.keys(headers).length}`
        origin.on(path, {
          headers: { 'cache-control': cacheControl, 'last-modified': modified },
          body
        })
        t.match(
          ours(await get(path, headers)),
          { fwd: 'uri-miss', stored: true, ttl: 0 },
          `${cacheControl}, ${name}`
        )
      }
    }
  }
})
