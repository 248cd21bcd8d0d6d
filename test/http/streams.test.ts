import { connect } from 'node:http2'
import t from 'tap'
import { isHit, ours } from './cache-status.js'
import { heldStore } from './held-store.js'
import { type Scripted } from './origin.js'
import { proxiedApp } from './proxied-app.js'
import { gate } from './tally.js'

const FRESH = { 'cache-control': 'max-age=60' }

t.test('the first byte reaches the client before the origin has ended', async (t) => {
  const { origin, open, get } = await proxiedApp(t)
  const end = gate()
  origin.on('/', { headers: FRESH, body: ['first, ', end.opened, 'second'] })
  const answer = await open('/')
  t.equal(await answer.atLeast(7), 'first, ')
  end.open()
  t.match(await answer.whole(), { body: 'first, second', complete: true })
  t.match(await get('/'), {
    body: 'first, second',
    headers: { 'cache-status': /; hit/, 'content-length': '13' }
  })
})

t.test('responses that are not stored are streamed too', async (t) => {
  const { origin, open } = await proxiedApp(t)
  const end = gate()
  origin.on('/', {
    headers: { 'cache-control': 'no-store' },
    body: ['first, ', end.opened, 'second']
  })
  const answer = await open('/')
  t.equal(await answer.atLeast(7), 'first, ')
  end.open()
  t.match(await answer.whole(), { body: 'first, second', complete: true })
})

t.test('many parts, and binary data, arrive in order', async (t) => {
  const { origin, get } = await proxiedApp(t)
  const parts = Array.from({ length: 200 }, (_, i) => Buffer.alloc(1 + i * 7, i))
  const whole = Buffer.concat(parts).toString('latin1')
  origin.on('/', { headers: FRESH, body: parts })
  t.equal((await get('/')).body, whole)
  const hit = await get('/')
  t.ok(isHit(hit))
  t.equal(hit.body, whole)
})

t.test('an empty body, with and without a length', async (t) => {
  const { origin, get } = await proxiedApp(t)
  origin.on('/length', { headers: FRESH, body: '' })
  origin.on('/chunked', { headers: FRESH, body: [] })
  for (const path of ['/length', '/chunked']) {
    t.match(await get(path), { status: 200, body: '' })
    t.match(await get(path), {
      status: 200,
      body: '',
      headers: { 'cache-status': /; hit/, 'content-length': '0' }
    })
  }
})

t.test('a response does not end before it is stored, with or without a length', async (t) => {
  const rows: Readonly<Record<string, Scripted>> = {
    'a length, in one part': { headers: FRESH, body: 'text' },
    'a length, in several parts': {
      headers: { ...FRESH, 'content-length': '8' },
      body: ['text', 'text']
    },
    'no length': { headers: FRESH, body: ['text', 'text'] },
    'no body': { headers: FRESH }
  }
  for (const [rule, scripted] of Object.entries(rows)) {
    const { store, begun, open: keep } = heldStore()
    const { origin, open, get } = await proxiedApp(t, { store })
    const order: string[] = []
    origin.on('/', scripted)
    origin.always('/other', { headers: { 'cache-control': 'no-store' } })
    const answer = open('/')
      .then((head) => head.whole())
      .then(({ complete }) => {
        order.push(complete ? 'ended' : 'broken')
      })
    await begun
    // Time enough to end, were it not for the store.
    for (let i = 0; i < 5; i++) await get('/other')
    order.push('stored')
    keep()
    await answer
    t.strictSame(order, ['stored', 'ended'], rule)
  }
})

t.test('a body over maxBodyBytes is forwarded and not stored', async (t) => {
  const { origin, get } = await proxiedApp(t, { maxBodyBytes: 1000 })
  const rows: readonly (readonly [
    rule: string,
    body: string | readonly string[],
    stored: boolean
  ])[] = [
    ['at the limit', 'x'.repeat(1000), true],
    ['over it', 'x'.repeat(1001), false],
    ['at the limit, in parts', ['x'.repeat(500), 'x'.repeat(500)], true],
    ['over it, in parts', ['x'.repeat(500), 'x'.repeat(501)], false],
    ['far over it, in parts', Array.from({ length: 50 }, () => 'x'.repeat(50_000)), false]
  ]
  for (const [i, [rule, body, stored]] of rows.entries()) {
    const [path, whole] = [`/${i}`, [body].flat().join('')]
    origin.always(path, { headers: FRESH, body })
    const first = await get(path)
    t.equal(first.body === whole && first.complete, true, `${rule}: all of it comes`)
    if (typeof body === 'string' && !stored) {
      t.match(ours(first), { stored: undefined, detail: /./ }, `${rule}: and it is said why`)
    }
    const second = await get(path)
    t.equal(isHit(second), stored, `${rule}: stored or not`)
    t.equal(second.body === whole, true, rule)
  }
})

t.test('a client that disconnects does not stop a fill that others wait for', async (t) => {
  const { origin, open, get, arrived, aborted } = await proxiedApp(t)
  const end = gate()
  origin.on('/', { headers: FRESH, body: ['first, ', end.opened, 'second'] })
  const impatient = await open('/')
  await impatient.atLeast(7)
  const others = [get('/'), get('/'), get('/')]
  await arrived('/', 4)
  impatient.abort()
  await aborted('/', 1)
  end.open()
  for (const answer of await Promise.all(others)) {
    t.match(answer, { status: 200, body: 'first, second', complete: true })
  }
  t.equal(origin.requests('/').length, 1)
  t.ok(isHit(await get('/')))
})

t.test('the response to a disconnected client is stored', async (t) => {
  const { origin, open, get, aborted } = await proxiedApp(t)
  const end = gate()
  origin.on('/', { headers: FRESH, body: ['first, ', end.opened, 'second'] })
  const impatient = await open('/')
  await impatient.atLeast(7)
  impatient.abort()
  await aborted('/', 1)
  end.open()
  t.match(await get('/'), { body: 'first, second' }, 'who comes then waits for it, or finds it')
  t.equal(origin.requests('/').length, 1)
})

t.test('a client that disconnects before the origin has answered', async (t) => {
  const { origin, open, get, arrived, aborted } = await proxiedApp(t)
  const begin = gate()
  origin.on('/', { headers: FRESH, body: 'text', after: begin.opened })
  const leaving = new AbortController()
  const impatient = open('/', {}, leaving.signal)
  const left = t.rejects(impatient)
  await origin.received('/')
  const other = get('/')
  await arrived('/', 2)
  leaving.abort()
  await left
  await aborted('/', 1)
  begin.open()
  t.match(await other, { status: 200, body: 'text' })
  t.equal(origin.requests('/').length, 1)
})

t.test(
  'RFC 9111 3.3: an origin that breaks off stores nothing, and the client sees the break',
  async (t) => {
    const { origin, get } = await proxiedApp(t)
    const broken: Readonly<Record<string, Scripted>> = {
      '/chunked': { headers: FRESH, body: ['first, '], breaksOff: true },
      '/length': {
        headers: { ...FRESH, 'content-length': '100' },
        body: 'first, ',
        breaksOff: true
      }
    }
    for (const [path, scripted] of Object.entries(broken)) {
      origin.on(path, scripted, { headers: FRESH, body: 'whole' })
      const answer = await get(path)
      t.match(answer, { status: 200, complete: false }, path)
      const second = await get(path)
      t.match(second, { status: 200, body: 'whole', complete: true }, path)
      t.notOk(isHit(second), path)
      t.ok(isHit(await get(path)), path)
    }
  }
)

t.test(
  'requests that wait for a response that breaks off get all of it or a named error',
  async (t) => {
    const { origin, open, get, arrived } = await proxiedApp(t)
    const end = gate()
    origin.on('/', { headers: FRESH, body: ['first, ', end.opened], breaksOff: true })
    origin.always('/', { headers: FRESH, body: 'whole' })
    const broken = await open('/')
    await broken.atLeast(7)
    const others = [get('/'), get('/')]
    await arrived('/', 3)
    end.open()
    t.equal((await broken.whole()).complete, false)
    for (const answer of await Promise.all(others)) {
      t.ok(answer.complete)
      if (answer.status === 200) t.equal(answer.body, 'whole')
      else t.match(JSON.parse(answer.body), { statusCode: answer.status, code: /^WEIR_ERR_/ })
    }
    t.match(await get('/'), { status: 200, body: 'whole' })
  }
)

t.test('a response that breaks off does not affect the stored one', async (t) => {
  const { origin, get } = await proxiedApp(t)
  origin.on(
    '/',
    { headers: { ...FRESH, etag: '"1"' }, body: 'before' },
    { headers: FRESH, body: ['first, '], breaksOff: true }
  )
  await get('/')
  t.equal((await get('/', { 'cache-control': 'no-cache' })).complete, false)
  t.not((await get('/', { 'cache-control': 'only-if-cached' })).body, 'first, ')
})

t.test('a client that does not read does not delay waiting requests', async (t) => {
  const { origin, open, get, arrived } = await proxiedApp(t, { maxBodyBytes: 32 * 1024 * 1024 })
  const body = Array.from({ length: 16 }, () => Buffer.alloc(1024 * 1024, 'x'))
  const begin = gate()
  origin.on('/', { headers: FRESH, body: ['.', begin.opened, ...body] })
  const idle = await open('/')
  await idle.atLeast(1)
  const other = get('/')
  await arrived('/', 2)
  begin.open()
  t.equal((await other).body.length, 16 * 1024 * 1024 + 1)
  t.equal(origin.requests('/').length, 1)
  t.match((await idle.whole()).complete, true)
})

t.test(
  'requests stop waiting once the head shows that a response is not stored',
  async (t) => {
    const { origin, open, get, arrived } = await proxiedApp(t)
    const [begin, end] = [gate(), gate()]
    origin.on('/', {
      headers: { 'cache-control': 'no-store' },
      body: ['first', end.opened],
      after: begin.opened
    })
    origin.always('/', { headers: { 'cache-control': 'no-store' }, body: 'own' })
    const first = open('/')
    await origin.received('/')
    const others = [get('/'), get('/')]
    await arrived('/', 3)
    begin.open()
    for (const answer of await Promise.all(others)) {
      t.match(answer, { body: 'own' }, 'RFC 9111 5.2.2.5: and goes to no other client')
    }
    end.open()
    t.match(await (await first).whole(), { body: 'first', complete: true })
    t.equal(origin.requests('/').length, 3)
  }
)

t.test('a private response is not given to waiting requests', async (t) => {
  const { origin, get, arrived } = await proxiedApp(t)
  const rows = [
    [{ authorization: 'Basic YTpi' }, { 'cache-control': 'max-age=60' }],
    [{}, { 'cache-control': 'private, max-age=60' }],
    [{}, { 'cache-control': 'max-age=60', 'set-cookie': 'a=1' }],
    [{}, { 'cache-control': 'max-age=60', vary: '*' }]
  ] as const
  for (const [i, [request, headers]] of rows.entries()) {
    const [path, begin] = [`/${i}`, gate()]
    origin.on(path, { headers, body: 'mine', after: begin.opened })
    origin.always(path, { headers: { 'cache-control': 'no-store' }, body: 'yours' })
    const first = get(path, request)
    await origin.received(path)
    const other = get(path)
    await arrived(path, 2)
    begin.open()
    t.equal((await first).body, 'mine')
    t.match(
      await other,
      { body: 'yours', headers: { 'set-cookie': undefined } },
      JSON.stringify(headers)
    )
  }
})

t.test(
  "requests wait for another's fill no longer than fillTimeout",
  async (t) => {
    const { origin, open, get, arrived } = await proxiedApp(t, { fillTimeout: '20ms' })
    origin.on('/', 'never')
    origin.always('/', { headers: FRESH, body: 'text' })
    const leaving = new AbortController()
    const hanging = t.rejects(open('/', {}, leaving.signal))
    await origin.received('/')
    const other = get('/')
    await arrived('/', 2)
    t.match(await other, { status: 200, body: 'text' })
    leaving.abort()
    await hanging
  }
)

t.test('RFC 9113 8.1.1: a response that breaks off does so over HTTP/2, too', async (t) => {
  const { origin, url } = await proxiedApp(t, { server: { http2: true } })
  for (const cacheControl of ['max-age=60', 'no-store']) {
    origin.on('/', {
      headers: { 'cache-control': cacheControl },
      body: ['te', 'xt'],
      breaksOff: true
    })
    const session = connect(url)
    t.teardown(() => { session.destroy() })
    const stream = session.request({ ':path': '/' })
    stream.resume()
    const error = await new Promise((resolve) => {
      stream.once('error', resolve)
      stream.once('end', () => { resolve('it looks complete') })
    })
    t.match(error, { code: 'ERR_HTTP2_STREAM_ERROR' }, cacheControl)
  }
})
