import { Readable } from 'node:stream'
import { mock } from 'node:test'
import t from 'tap'
import { memoryStore } from '@weir/cache/memory'
import { arrivals, cachedApp, counted, gate } from './support/cached-app.js'

t.test('a miss runs the handler and stores; a hit does not run it and reports so', async (t) => {
  const app = await cachedApp(t, { name: 'a' })
  let runs = 0
  app.get(
    '/products/:id',
    { config: { cache: { ttl: '60s', tags: ['products'] } } },
    async () => ({ run: ++runs })
  )

  const miss = await app.inject('/products/1')
  t.equal(miss.headers['cache-status'], 'a; fwd=uri-miss; ttl=60; stored')
  t.notOk('age' in miss.headers)

  const hit = await app.inject('/products/1')
  t.equal(runs, 1)
  t.equal(hit.statusCode, 200)
  t.same(hit.json(), { run: 1 })
  t.match(hit.headers['cache-status'], /^a; hit; ttl=(60|59); detail=memory$/)
  t.equal(hit.headers['age'], '0')
  t.equal(hit.headers['cache-groups'], '"products"')
  t.equal(hit.headers['cache-control'], 'no-cache', 'clients are told to revalidate')
  for (const name of ['content-type', 'content-length', 'etag', 'cache-groups', 'date']) {
    t.equal(hit.headers[name], miss.headers[name], name)
  }
})

t.test(
  'the Date is the same in all responses, even if seconds pass before the response is stored',
  async (t) => {
    const app = await cachedApp(t)
    app.get('/x', { config: { cache: { ttl: '1h' } } }, async () => 'x')
    app.get('/stream', { config: { cache: { ttl: '1h' } } }, async () => Readable.from(['x']))
    let now = Date.UTC(2026, 0, 1)
    const clock = mock.method(Date, 'now', () => (now += 700))
    t.teardown(() => {
      clock.mock.restore()
    })
    for (const url of ['/x', '/stream']) {
      const {
        headers: { date }
      } = await app.inject(url)
      t.match(date, /^Thu, 01 Jan 2026 00:00:/)
      for (let i = 0; i < 2; i++) {
        t.match((await app.inject(url)).headers, { date, 'cache-status': /hit/ })
      }
    }
  }
)

t.test(
  'two applications on one store: a miss on one is a hit on the other, from the store and then from memory',
  async (t) => {
    const store = memoryStore()
    const [a, b] = [
      await cachedApp(t, { store, name: 'a' }),
      await cachedApp(t, { store, name: 'b' })
    ]
    a.get('/x', { config: { cache: { ttl: '60s' } } }, async () => 'from a')
    b.get('/x', { config: { cache: { ttl: '60s' } } }, async () => 'from b')
    await a.inject('/x')
    const first = await b.inject('/x')
    t.equal(first.body, 'from a')
    t.match(first.headers['cache-status'], /^b; hit; ttl=\d+; detail=store$/)
    t.match((await b.inject('/x')).headers['cache-status'], /^b; hit; ttl=\d+; detail=memory$/)
  }
)

t.test('Age and ttl follow the clock, and the response expires with its ttl', async (t) => {
  mock.timers.enable({ apis: ['Date'], now: Date.UTC(2026, 0, 1) })
  t.teardown(() => mock.timers.reset())
  const app = await cachedApp(t)
  let runs = 0
  app.get('/x', { config: { cache: { ttl: '60s' } } }, async () => ({ run: ++runs }))
  await app.inject('/x')
  const statuses = []
  for (const step of [0, 1500, 500, 57_999]) {
    mock.timers.tick(step)
    const { headers } = await app.inject('/x')
    statuses.push([headers['age'], headers['cache-status']].join(' '))
    t.equal(headers['date'], 'Thu, 01 Jan 2026 00:00:00 GMT', 'the Date is that of the fill')
  }
  t.same(statuses, [
    '0 weir; hit; ttl=60; detail=memory', '1 weir; hit; ttl=58; detail=memory',
    '2 weir; hit; ttl=58; detail=memory', '59 weir; hit; ttl=0; detail=memory'
  ])
  mock.timers.tick(1)
  t.match((await app.inject('/x')).headers['cache-status'], /fwd=stale/)
  t.equal(runs, 2)
})

t.test('HEAD is answered from what GET stored, and stores nothing itself', async (t) => {
  mock.timers.enable({ apis: ['Date'], now: Date.UTC(2026, 0, 1) })
  t.teardown(() => mock.timers.reset())
  const app = await cachedApp(t)
  let runs = 0
  app.get('/x', { config: { cache: { ttl: '60s' } } }, async () => ({ run: ++runs }))
  t.equal(
    (await app.inject({ method: 'HEAD', url: '/x' })).headers['cache-status'],
    'weir; fwd=uri-miss'
  )
  t.match((await app.inject('/x')).headers['cache-status'], /fwd=uri-miss/)
  t.equal(runs, 2)
  const get = await app.inject('/x')
  const head = await app.inject({ method: 'HEAD', url: '/x' })
  t.equal(runs, 2)
  t.equal(head.body, '')
  t.same(head.headers, get.headers)
})

t.test('If-None-Match is answered from the store, with the tag computed once', async (t) => {
  const app = await cachedApp(t)
  let runs = 0
  app.get('/x', { config: { cache: { ttl: '60s' } } }, async () => ({ run: ++runs }))
  const { headers: { etag } } = await app.inject('/x')
  t.match(etag, /^"[^"]+"$/)
  const conditional = await app.inject({
    url: '/x',
    headers: { 'if-none-match': `"other", ${etag}` }
  })
  t.equal(conditional.statusCode, 304)
  t.equal(conditional.body, '')
  t.equal(conditional.headers['etag'], etag)
  t.match(conditional.headers['cache-status'], /hit/)
  t.equal(runs, 1)
})

t.test('concurrent requests of a cold key run the handler once', async (t) => {
  const app = await cachedApp(t)
  const arrived = arrivals(app, 200)
  const { open, opened } = gate()
  let runs = 0
  app.get('/x', { config: { cache: { ttl: '60s' } } }, async () => {
    runs++
    await opened
    return { ok: true }
  })
  const requests = Array.from({ length: 200 }, () => app.inject(counted('/x')))
  await arrived
  open()
  const statuses = (await Promise.all(requests)).map(({ headers }) =>
    String(headers['cache-status']).replace(/ttl=\d+/, 'ttl')
  )
  t.equal(runs, 1)
  t.equal(statuses.filter((status) => status === 'weir; fwd=uri-miss; ttl; stored').length, 1)
  t.equal(statuses.filter((status) => status === 'weir; fwd=uri-miss; ttl; collapsed').length, 199)
})

t.test('fields that hooks set on each reply are not stored, and each hit has its own', async (t) => {
  const app = await cachedApp(t)
  let requests = 0
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('x-request', String(++requests)).header('vary', 'Origin')
  })
  app.get(
    '/x',
    { config: { cache: { ttl: '60s', vary: ['Accept-Language'] } } },
    async (_request, reply) => {
      reply.header('x-handler', 'h')
      return 'x'
    }
  )
  await app.inject('/x')
  const hit = await app.inject('/x')
  t.match(hit.headers['cache-status'], /hit/)
  t.equal(hit.headers['x-request'], '2')
  t.equal(hit.headers['x-handler'], 'h')
  t.equal(hit.headers['vary'], 'origin, accept-language')
})

t.test('bytes are stored unchanged', async (t) => {
  const app = await cachedApp(t)
  const bytes = Buffer.from([...Array(256).keys()])
  app.get('/bytes', { config: { cache: { ttl: '60s' } } }, async (_request, reply) =>
    reply.type('image/png').send(bytes)
  )
  app.get('/empty', { config: { cache: { ttl: '60s' } } }, async (_request, reply) =>
    reply.code(204).send()
  )
  // Memory of the Buffer's own, which may be written to again.
  const own = Buffer.alloc(256, 'own', 'latin1')
  t.equal(own.buffer.byteLength, own.length)
  app.get('/own', { config: { cache: { ttl: '60s' } } }, async (_request, reply) => reply.send(own))
  await app.inject('/own')
  own.fill(0)
  t.equal((await app.inject('/own')).payload, 'own'.repeat(86).slice(0, 256))
  await app.inject('/bytes')
  bytes.fill(0)
  const hit = await app.inject('/bytes')
  t.match(hit.headers['cache-status'], /hit/)
  t.same(hit.rawPayload, Buffer.from([...Array(256).keys()]))
  t.equal(hit.headers['content-type'], 'image/png')
  await app.inject('/empty')
  const empty = await app.inject('/empty')
  t.equal(empty.statusCode, 204)
  t.match(empty.headers['cache-status'], /hit/)
})

t.test(
  'no-cache ignores responses that another instance stored before the request',
  async (t) => {
    const store = memoryStore()
    const a = await cachedApp(t, { store, name: 'a' })
    let meanwhile: (() => Promise<unknown>) | undefined
    const b = await cachedApp(t, {
      name: 'b',
      store: {
        ...store,
        namespace (name) {
          const { entries, validity } = store.namespace(name)
          return {
            validity,
            entries: {
              set: (key, frame, ttl) => entries.set(key, frame, ttl),
              delete: (key, upTo) => entries.delete(key, upTo),
              swap: (key, seen, frame, ttl) => entries.swap(key, seen, frame, ttl),
              increment: (key, seen, by) => entries.increment(key, seen, by),
              claim: (key, seen) => entries.claim(key, seen),
              async get (keys) {
                const found = await entries.get(keys)
                await meanwhile?.()
                return found
              }
            }
          }
        }
      }
    })
    for (const app of [a, b]) {
      app.get(
        '/x',
        { config: { cache: { ttl: '60s' } } },
        async () => `from ${app === a ? 'a' : 'b'}`
      )
    }
    meanwhile = async () => {
      meanwhile = undefined
      await a.inject('/x')
    }
    const answer = await b.inject({ url: '/x', headers: { 'cache-control': 'no-cache' } })
    t.equal(answer.body, 'from b')
    t.match(answer.headers['cache-status'], /^b; fwd=uri-miss; ttl=60; stored$/)
  }
)

t.test(
  'a hit of a response written to reply.raw has no header fields of the reply either',
  async (t) => {
    const app = await cachedApp(t)
    let requests = 0
    app.addHook('preHandler', async (_request, reply) => {
      reply.header(`x-request-${++requests}`, 'reply').raw.setHeader('x-raw', requests)
    })
    app.get('/x', { config: { cache: { ttl: '60s' } } }, (_request, reply) => {
      reply.hijack()
      reply.raw.end('x')
    })
    await app.inject('/x')
    const { headers, body } = await app.inject('/x')
    t.match(headers['cache-status'], /hit/)
    t.equal(body, 'x')
    t.match(headers, { 'x-request-1': undefined, 'x-request-2': undefined, 'x-raw': '2' })
  }
)

t.test(
  'the cookie of a 304 belongs to its client, and the confirmed response is not stored with it',
  async (t) => {
    const app = await cachedApp(t)
    app.addHook('onSend', async (request, reply) => {
      if (request.headers['x-cookie'] !== undefined) reply.header('set-cookie', 'a=1')
    })
    app.get('/x', { config: { cache: {} } }, async (request, reply) => {
      reply.header('etag', '"1"').header('cache-control', 'max-age=60')
      return request.headers['if-none-match'] === '"1"' ? reply.code(304).send() : 'x'
    })
    const get = (headers: Record<string, string> = {}) => app.inject({ url: '/x', headers })
    await get()
    const confirmed = await get({ 'x-cookie': 'yes', 'cache-control': 'no-cache' })
    t.match(
      [confirmed.statusCode, confirmed.body, confirmed.headers['set-cookie']],
      [200, 'x', 'a=1']
    )
    t.match(confirmed.headers['cache-status'], 'fwd-status=304; detail=SET_COOKIE')
    t.equal((await get()).headers['set-cookie'], undefined)
  }
)

t.test('a stream that its client has already is answered with 304 on a miss, too', async (t) => {
  const app = await cachedApp(t)
  app.get('/x', { config: { cache: { ttl: '60s' } } }, async (_request, reply) =>
    reply.header('etag', '"1"').send(Readable.from(['a', 'b']))
  )
  const first = await app.inject({ url: '/x', headers: { 'if-none-match': '"1"' } })
  t.match(
    [first.statusCode, first.body, first.headers['cache-status']],
    [304, '', 'weir; fwd=uri-miss; fwd-status=200; ttl=60; stored']
  )
  t.match(
    [(await app.inject('/x')).body, (await app.inject('/x')).headers['cache-status']],
    ['ab', /hit/]
  )
})
