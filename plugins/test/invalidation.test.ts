import { mock } from 'node:test'
import Fastify from 'fastify'
import t from 'tap'
import { CacheError, type Store } from '@weir/cache'
import { memoryStore } from '@weir/cache/memory'
import invalidation from '../invalidation/index.js'
import responseCache from '../response-cache/index.js'
import { arrivals, cachedApp, counted, gate } from './support/cached-app.js'

t.test('a write invalidates what its route names, before it is acknowledged, on every instance', async (t) => {
  const store = memoryStore()
  const [a, b] = [await cachedApp(t, { store }), await cachedApp(t, { store })]
  let version = 1
  for (const app of [a, b]) {
    app.get('/products/1', { config: { cache: { ttl: '1h', tags: ['product:1'] } } }, async () => ({ version }))
    app.get('/products', { config: { cache: { ttl: '1h', tags: ['products'] } } }, async () => [{ version }])
    app.get('/other', { config: { cache: { ttl: '1h', tags: ['other'] } } }, async () => ({ version }))
    app.put('/change', { config: { invalidates: () => ['product:1', 'products'] } }, async () => ({ version: ++version }))
  }
  for (const url of ['/products/1', '/products', '/other']) await b.inject(url)
  const written = await a.inject({ method: 'PUT', url: '/change' })
  t.equal(written.headers['cache-group-invalidation'], '"product:1", "products"')
  t.same((await b.inject('/products/1')).json(), { version: 2 })
  t.same((await b.inject('/products')).json(), [{ version: 2 }])
  t.same((await b.inject('/other')).json(), { version: 1 }, 'what it does not name stays')
})

t.test('a write that fails invalidates nothing, unless the handler says so', async (t) => {
  const app = await cachedApp(t)
  let runs = 0
  app.get('/x', { config: { cache: { ttl: '1h', tags: ['x'] } } }, async () => ++runs)
  app.post('/refused', { config: { invalidates: ['x'] } }, async (_request, reply) => reply.code(409).send())
  app.post('/half', async (_request, reply) => {
    reply.invalidate(['x'])
    throw new Error('after the commit')
  })
  await app.inject('/x')
  t.equal((await app.inject({ method: 'POST', url: '/refused' })).statusCode, 409)
  t.match((await app.inject('/x')).headers['cache-status'], /hit/)
  t.equal((await app.inject({ method: 'POST', url: '/half' })).statusCode, 500)
  t.match((await app.inject('/x')).headers['cache-status'], /uri-miss/)
})

t.test('RFC 9111, 4.4: target URI, Location and Content-Location of the same origin', async (t) => {
  const app = await cachedApp(t, { origin: undefined } as object)
  let runs = 0
  app.get('/:name', { config: { cache: { ttl: '1h', vary: ['accept-language'] } } }, async () => ++runs)
  app.put('/:name', async (_request, reply) => reply
    .header('location', '/b').header('content-location', 'http://localhost:80/c').send())
  app.post('/:name', async (_request, reply) => reply.header('location', 'http://elsewhere.test/d').send())
  app.delete('/:name', async (_request, reply) => reply.code(404).send())
  const state = async (name: string) => String((await app.inject(`/${name}`)).headers['cache-status']).includes('hit') ? 'hit' : 'miss'
  for (const name of 'abcde') await state(name)
  await app.inject({ url: '/a', headers: { 'accept-language': 'de' } })

  await app.inject({ method: 'PUT', url: '/a' })
  t.equal(await state('b'), 'miss')
  t.equal(await state('c'), 'miss')
  const variant = await app.inject({ url: '/a', headers: { 'accept-language': 'de' } })
  t.match(variant.headers['cache-status'], /uri-miss/, 'every variant')
  t.equal(await state('a'), 'miss')
  await app.inject({ method: 'POST', url: '/e' })
  t.equal(await state('d'), 'hit', 'another origin\'s Location is not ours to drop')
  t.equal(await state('e'), 'miss')
  await app.inject({ method: 'DELETE', url: '/e' })
  t.equal(await state('e'), 'hit', 'only when the write succeeds')
})

t.test('RFC 9875: Cache-Groups and Cache-Group-Invalidation set by handlers count as tags', async (t) => {
  const app = await cachedApp(t)
  app.get('/x', { config: { cache: { ttl: '1h', tags: ['own'] } } }, async (_request, reply) => reply.header('cache-groups', '"extra"').send('x'))
  app.post('/go', async (_request, reply) => reply.header('cache-group-invalidation', '"extra"').send('done'))
  app.post('/odd', async (_request, reply) => reply.header('cache-group-invalidation', 'not a list of strings').send('done'))
  t.equal((await app.inject('/x')).headers['cache-groups'], '"own", "extra"')
  await app.inject({ method: 'POST', url: '/odd' })
  t.match((await app.inject('/x')).headers['cache-status'], /hit/)
  await app.inject({ method: 'POST', url: '/go' })
  t.match((await app.inject('/x')).headers['cache-status'], /uri-miss/)
})

t.test('a fill delayed across a write is served to nobody who came after the write', async (t) => {
  const store = memoryStore()
  const [a, b] = [await cachedApp(t, { store }), await cachedApp(t, { store })]
  const twoArrived = arrivals(a, 2)
  const read = gate()
  const goOn = gate()
  let version = 1
  let fills = 0
  for (const app of [a, b]) {
    app.get('/x', { config: { cache: { ttl: '1h', tags: ['x'] } } }, async () => {
      fills++
      const seen = version
      if (app === a && seen === 1) {
        read.open()
        await goOn.opened
      }
      return { version: seen }
    })
    app.put('/x', { config: { invalidates: ['x'] } }, async () => ({ version: ++version }))
  }
  const before = a.inject('/x')
  await read.opened
  await b.inject({ method: 'PUT', url: '/x' })
  const after = [a.inject(counted('/x')), a.inject(counted('/x'))]
  await twoArrived
  t.same((await b.inject('/x')).json(), { version: 2 })
  goOn.open()
  t.same((await before).json(), { version: 1 }, 'its own request began before the write')
  t.match((await before).headers['cache-status'], /detail=INVALIDATED/)
  for (const response of await Promise.all(after)) t.same(response.json(), { version: 2 })
  t.same((await a.inject('/x')).json(), { version: 2 })
  t.equal(fills, 2, 'and what b filled since is still there')
})

t.test('a store that cannot be told makes the write a 503 that says the change is saved', async (t) => {
  const memory = memoryStore()
  const broken: Store = {
    ...memory,
    namespace: (name) => Object.assign(Object.create(memory.namespace(name)) as ReturnType<Store['namespace']>, {
      invalidate: async () => { throw new CacheError('WEIR_CACHE_STORE_FAILED', 'answer') }
    })
  }
  const app = await cachedApp(t, { store: broken })
  app.post('/x', { config: { invalidates: ['x'] } }, async () => 'done')
  const response = await app.inject({ method: 'POST', url: '/x' })
  t.equal(response.statusCode, 503)
  t.match(response.json(), { code: 'WEIR_ERR_NOT_INVALIDATED', message: /The change is saved/ })
})

t.test('with an outbox a ticket is delivered, and what the store was not told of is queued', async (t) => {
  const memory = memoryStore()
  const broken: Store = {
    ...memory,
    namespace: (name) => Object.assign(Object.create(memory.namespace(name)) as ReturnType<Store['namespace']>, {
      invalidate: async () => { throw new CacheError('WEIR_CACHE_STORE_FAILED', 'answer') }
    })
  }
  const delivered: unknown[] = []
  const outbox = {
    deliver: async (ticket: { tags: readonly string[] }) => { delivered.push(ticket.tags) },
    queue: async (tags: readonly string[]) => ({ id: 'queued', tags })
  }
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(responseCache, { store: broken, origin: 'http://shop.test' })
  await app.register(invalidation, { outbox })
  app.post('/x', { config: { invalidates: ['x', 'y'] } }, async (_request, reply) => reply.invalidate({ id: '1', tags: ['x'] }).send('done'))
  const response = await app.inject({ method: 'POST', url: '/x' })
  t.equal(response.statusCode, 200)
  t.equal(response.headers['cache-group-invalidation'], '"x", "y"')
  t.same(delivered, [['x'], ['y', '\u0001http://shop.test/x']], 'each tag once')
})

t.test('a ticket may have all that is known of a write before its commit, and is then all that is delivered', async (t) => {
  const invalidated: (readonly string[])[] = []
  const delivered: (readonly string[])[] = []
  const outbox = {
    deliver: async (ticket: { tags: readonly string[] }) => { delivered.push(ticket.tags) },
    queue: async (tags: readonly string[]) => ({ id: 'queued', tags })
  }
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(responseCache, { store: memoryStore(), origin: 'http://shop.test' })
  mock.method(app.responseCache, 'invalidate', async (tags: readonly string[]) => { invalidated.push(tags) })
  await app.register(invalidation, { outbox })
  const uri = (path: string) => `\u0001http://shop.test${path}`
  app.put('/x/:id', { config: { invalidates: (request) => [`of ${request.url}`] } }, async (_request, reply) => {
    reply.header('content-location', '/x/2')
    return reply.invalidate({ id: '1', tags: reply.invalidationTags(['x', 'käse', 'x']) }).send('done')
  })
  app.post('/x', async (_request, reply) => reply.invalidate({ id: '2', tags: reply.invalidationTags() })
    .code(201).header('location', '/x/3').send('made'))
  app.patch('/x', async (_request, reply) => reply.invalidate({ id: '3', tags: reply.invalidationTags(['x']) }).code(409).send('half done'))

  const { headers } = await app.inject({ method: 'PUT', url: '/x/1?a=b' })
  t.strictSame(delivered, [['x', 'käse', 'of /x/1?a=b', uri('/x/1?a=b'), uri('/x/2')]])
  t.strictSame(invalidated, [], 'nothing a second time')
  t.equal(headers['cache-group-invalidation'], '"of /x/1?a=b", "x", "k%C3%A4se"', 'without the tags of URIs')

  await app.inject({ method: 'POST', url: '/x' })
  t.strictSame(delivered.at(-1), [uri('/x')])
  t.strictSame(invalidated, [[uri('/x/3')]], 'what is known only after the commit')

  await app.inject({ method: 'PATCH', url: '/x' })
  t.strictSame(delivered.at(-1), ['x', uri('/x')], 'a ticket is of what is committed, whatever the answer')
  t.equal(invalidated.length, 1)
})

t.test('a ticket without an outbox is a mistake', async (t) => {
  const app = await cachedApp(t)
  app.post('/x', async (_request, reply) => reply.invalidate({ id: '1', tags: ['x'] }).send('done'))
  t.match((await app.inject({ method: 'POST', url: '/x' })).json(), { code: 'WEIR_ERR_PLUGIN_OPTION', message: /option "outbox" is missing/ })
})

t.test('a route says what its answer waits for', async (t) => {
  const memory = memoryStore()
  const asked: unknown[] = []
  const watched: Store = {
    ...memory,
    namespace: (name) => Object.assign(Object.create(memory.namespace(name)) as ReturnType<Store['namespace']>, {
      invalidate: async (_tags: readonly string[], consistency: unknown) => { asked.push(consistency) }
    })
  }
  const app = await cachedApp(t, { store: watched })
  app.post('/strict', { config: { invalidates: ['x'] } }, async () => 'done')
  app.post('/bounded', { config: { invalidates: ['x'], consistency: 'bounded' } }, async () => 'done')
  t.throws(() => app.post('/x', { config: { consistency: 'eventual' } as object }, async () => 'x'),
    { code: 'WEIR_ERR_ROUTE_OPTION', message: /config.consistency must be 'strict' or 'bounded'/ })
  await app.inject({ method: 'POST', url: '/strict' })
  await app.inject({ method: 'POST', url: '/bounded' })
  t.same(asked, ['strict', 'bounded'])
})

t.test('mistakes are named: at boot for a route, at once for a call', async (t) => {
  const app = await cachedApp(t)
  t.throws(() => app.get('/x', { config: { invalidates: ['x'] } }, async () => 'x'),
    { code: 'WEIR_ERR_ROUTE_OPTION', message: /^Route GET \/x: config.invalidates is for unsafe methods/ })
  t.throws(() => app.post('/x', { config: { invalidates: 'x' } as object }, async () => 'x'),
    { code: 'WEIR_ERR_ROUTE_OPTION', message: /^Route POST \/x: config.invalidates must be a list of tags/ })
  app.get('/y', async (_request, reply) => reply.invalidate(['y']).send())
  app.get('/tags', async (_request, reply) => reply.invalidationTags(['y']))
  t.match((await app.inject('/y')).json(), { code: 'WEIR_ERR_SAFE_METHOD', message: /app.responseCache.invalidate/ })
  t.match((await app.inject('/tags')).json(), { code: 'WEIR_ERR_SAFE_METHOD' })
})
