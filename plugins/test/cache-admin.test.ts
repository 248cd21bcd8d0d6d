import { fastify, type FastifyInstance, type LightMyRequestResponse } from 'fastify'
import t, { type Test } from 'tap'
import { Type } from 'typebox'
import type { Store } from '@weir/cache'
import { guardedStore } from '@weir/cache/guarded'
import { memoryStore } from '@weir/cache/memory'
import { redisStore } from '@weir/cache/redis'
import { memoryStore as limitStore } from '@weir/limiter'
import auth, { securitySchemes } from '../auth/index.js'
import cacheAdmin, { type CacheAdminOptions } from '../cache-admin/index.js'
import conditional from '../conditional/index.js'
import invalidation from '../invalidation/index.js'
import rateLimit from '../rate-limit/index.js'
import redis from '../redis/index.js'
import responseCache, { type ResponseCacheOptions } from '../response-cache/index.js'
import service, { serverOptions } from '../service/index.js'
import { statuses } from './support/limited-app.js'
import { startRedis } from '@weir/internal/testing'
import { options as serviceOptions, testEnv } from './support/service-app.js'

const HS256 = { algorithm: 'HS256', secret: 'a secret of the tests, which is long enough' } as const
const ListQuery = Type.Object({
  page: Type.Integer({ default: 1 }),
  limit: Type.Integer({ maximum: 100, default: 20 }),
  q: Type.Optional(Type.String())
})

type Options = Partial<CacheAdminOptions> &
  Pick<Partial<ResponseCacheOptions>, 'origin'> & { limit?: number }

/**
 * Starts a shop with a cache that admins may purge, and with no limits unless one is given; it
 * closes with the test.
 */
async function shop (
  t: Test,
  storeOf: Store | ((app: FastifyInstance) => Promise<Store>),
  options: Options = {}
) {
  const { origin, limit, instance = 'a', ...rest } = options
  const app = fastify(serverOptions(testEnv({ LOG_LEVEL: 'silent' }), { service: 'shop' }))
  t.teardown(() => app.close())
  await app.register(service, { ...serviceOptions, securitySchemes })
  const store = typeof storeOf === 'function' ? await storeOf(app) : storeOf
  await app.register(rateLimit, {
    store: limitStore(),
    limit: limit ?? 1,
    window: '1h',
    ...(limit === undefined && { allow: ['127.0.0.1'] })
  })
  await app.register(auth, { jwt: [HS256] })
  await app.register(conditional)
  await app.register(responseCache, {
    store,
    name: instance,
    ...(origin !== undefined && { origin })
  })
  await app.register(cacheAdmin, { prefix: '/api/cache', instance, ...rest })
  await app.register(invalidation)
  let runs = 0
  const run = async () => ({ run: ++runs })
  app.get(
    '/products',
    { schema: { querystring: ListQuery }, config: { cache: { ttl: '1h', tags: ['products'] } } },
    run
  )
  app.get(
    '/products/:id',
    {
      config: {
        cache: { ttl: '1h', tags: ({ params }) => [`product:${(params as { id: string }).id}`] }
      }
    },
    run
  )
  app.get(
    '/page',
    { config: { cache: { ttl: '1h', staleIfError: '2h', vary: ['accept-language'] } } },
    run
  )
  app.get('/negotiated', { config: { cache: { ttl: '1h' } } }, async (_request, reply) =>
    reply.header('vary', 'accept').send(await run())
  )
  app.get('/shared', { config: { cache: { ttl: '1h' } } }, async (_request, reply) =>
    reply.header('no-vary-search', 'params=("utm")').send(await run())
  )
  app.get(
    '/mine',
    { config: { cache: { ttl: '1h', key: ({ headers }) => String(headers['x-part']) } } },
    run
  )
  app.get('/uncached', run)
  app.put('/products/:id', async () => ({}))
  return app
}

const as = (app: FastifyInstance, role: string) => ({
  authorization: `Bearer ${app.jwt.HS256.sign({ sub: role, role }, { expiresIn: '1h' })}`
})
const purge = (app: FastifyInstance, payload: unknown, role = 'admin') =>
  app.inject({
    method: 'POST',
    url: '/api/cache/invalidations',
    headers: { ...as(app, role), 'content-type': 'application/json' },
    payload: JSON.stringify(payload)
  })
const look = (app: FastifyInstance, url: string, headers: Record<string, string> = {}) =>
  app.inject({
    url: '/api/cache/entries',
    query: { url },
    headers: { ...as(app, 'admin'), ...headers }
  })
const found = (answer: LightMyRequestResponse) =>
  answer.json<{ found: Record<string, unknown>[] }>().found
const status = async (app: FastifyInstance, url: string, headers: Record<string, string> = {}) => {
  const text = String((await app.inject({ url, headers })).headers['cache-status'])
  return text.includes('; hit') ? /detail=(\w+)/.exec(text)?.[1] : 'miss'
}

t.test('admins only', async (t) => {
  const app = await shop(t, memoryStore(), { limit: 1000 })
  for (const [method, url] of [
    ['POST', '/invalidations'],
    ['GET', '/entries?url=/products'],
    ['GET', '/stats']
  ] as const) {
    const statuses: number[] = []
    for (const headers of [{}, as(app, 'reader'), as(app, 'editor'), as(app, 'admin')]) {
      const answer = await app.inject({
        method,
        url: `/api/cache${url}`,
        headers,
        ...(method === 'POST' && { payload: { all: true } })
      })
      statuses.push(answer.statusCode)
      t.equal(answer.headers['cache-control'], 'no-store')
    }
    t.same(statuses, [401, 403, 403, 200], url)
  }
  t.match(
    (await app.inject({ url: '/api/cache/stats', headers: as(app, 'admin') })).headers[
      'ratelimit-policy'
    ],
    '"cache-admin"',
    'a limit of its own'
  )
  const editable = await shop(t, memoryStore(), { role: 'editor' })
  t.equal((await purge(editable, { all: true }, 'editor')).statusCode, 200)
})

t.test('a mistake stops the boot', async (t) => {
  const store = memoryStore()
  const app = (plugins: (app: FastifyInstance) => Promise<unknown>) => {
    const app = fastify()
    t.teardown(() => app.close().catch(() => {}))
    return plugins(app)
  }
  const good = { prefix: '/api/cache', instance: 'a' }
  const guarded = async (app: FastifyInstance) => {
    await app.register(auth, { jwt: [HS256] })
    await app.register(responseCache, { store })
    return app
  }
  await t.rejects(
    app(async (app) => {
      await app.register(responseCache, { store })
      await app.register(cacheAdmin, good)
    }),
    {
      code: 'WEIR_ERR_PLUGIN_ORDER',
      message:
        /^weir-auth must be registered before weir-cache-admin: without it, any client could purge/
    }
  )
  await t.rejects(app(async (app) => {
    await app.register(auth, { jwt: [HS256] })
    await app.register(cacheAdmin, good)
  }), { code: 'WEIR_ERR_PLUGIN_ORDER', message: /^weir-response-cache/ })
  await t.rejects(app(async (app) => {
    await guarded(app)
    await app.register(invalidation)
    await app.register(cacheAdmin, good)
  }), { code: 'WEIR_ERR_PLUGIN_ORDER', message: /before weir-invalidation/ })
  await t.rejects(app(async (app) => {
    await guarded(app)
    await app.register(cacheAdmin, good)
    await app.register(cacheAdmin, { ...good, prefix: '/b' })
  }), { code: 'WEIR_ERR_REGISTERED_TWICE' })
  for (const [option, value] of [
    ['prefix', 'api'],
    ['prefix', '/api/'],
    ['instance', '']
  ] as const) {
    await t.rejects(
      app(async (app) => (await guarded(app)).register(cacheAdmin, { ...good, [option]: value })),
      { code: 'WEIR_ERR_PLUGIN_OPTION', message: new RegExp(`"${option}"`) }
    )
  }
  await t.rejects(
    app(async (app) =>
      (await guarded(app)).register(cacheAdmin, {
        ...good,
        role: 'root'
      } as object as CacheAdminOptions)
    ),
    { code: 'WEIR_ERR_ROUTE_OPTION' }
  )
})

t.test('a purge takes effect on every instance, and invalidates nothing else', async (t) => {
  const store = memoryStore()
  const [a, b] = [await shop(t, store), await shop(t, store, { instance: 'b' })]
  const urls = ['/products', '/products/1', '/products/2', '/page']
  const fill = async () => {
    for (const url of urls) {
      await a.inject(url)
      await b.inject(url)
      t.equal(await status(b, url), 'memory', url)
    }
  }
  const states = () => Promise.all(urls.map((url) => status(b, url)))

  await fill()
  const byTag = await purge(a, { tags: ['product:1', 'products', 'product:1'] })
  t.equal(byTag.statusCode, 200)
  t.same(byTag.json(), {
    namespace: 'responses',
    instance: 'a',
    tags: ['product:1', 'products'],
    all: false,
    dropped: { memory: 2 },
    unconfirmed: []
  })
  t.equal(byTag.headers['cache-group-invalidation'], undefined)
  t.same(await states(), ['miss', 'miss', 'memory', 'memory'])

  await fill()
  const byUrl = await purge(a, { urls: ['/products/2', '/page'] })
  t.same(byUrl.json(), {
    namespace: 'responses',
    instance: 'a',
    tags: ['http://localhost/products/2', 'http://localhost/page'],
    all: false,
    dropped: { memory: 2 },
    unconfirmed: []
  })
  t.same(await states(), ['memory', 'memory', 'miss', 'miss'])

  await fill()
  t.same((await purge(a, { all: true })).json(), {
    namespace: 'responses',
    instance: 'a',
    tags: [],
    all: true,
    dropped: { memory: 4 },
    unconfirmed: []
  })
  t.same(await states(), ['miss', 'miss', 'miss', 'miss'])
  t.same(
    (await purge(a, { all: true })).json(),
    { namespace: 'responses', instance: 'a', tags: [], all: true, dropped: { memory: 0 }, unconfirmed: [] },
    'again'
  )
  t.equal((await purge(a, { tags: ['nothing has it'] })).statusCode, 200)
})

t.test(
  'a URL is normalized like a request: by the query schema of its route and the origin in the key',
  async (t) => {
    for (const origin of [undefined, 'https://shop.example']) {
      const app = await shop(t, memoryStore(), origin === undefined ? {} : { origin })
      const ends = async (url: string, purged: string) => {
        await app.inject(url)
        t.equal(await status(app, url), 'memory')
        t.equal((await purge(app, { urls: [purged] })).statusCode, 200, purged)
        t.equal(await status(app, url), 'miss', purged)
      }
      await ends('/products?limit=2', '/products?utm_source=x&page=1&limit=2')
      await ends('/products?q=tin%20mug', '/products?q=tin+mug')
      await ends('/products', '/products?limit=20')
      await ends('/products/a%2Fb', '/products/a%2Fb')
      await app.inject('/products?limit=3')
      await purge(app, { urls: ['/products?limit=4'] })
      t.equal(await status(app, '/products?limit=3'), 'memory')
    }
    const app = await shop(t, memoryStore())
    for (const headers of [{}, { 'accept-language': 'de' }]) {
      await app.inject({ url: '/page', headers })
    }
    await purge(app, { urls: ['/page'] })
    t.equal(await status(app, '/page'), 'miss')
    t.equal(await status(app, '/page', { 'accept-language': 'de' }), 'miss', 'all variants')
  }
)

t.test('an invalid purge is a 400 that names the field', async (t) => {
  const app = await shop(t, memoryStore())
  await app.inject('/products')
  const bad: [payload: unknown, field: string][] = [
    [{}, 'body'],
    [{ tags: ['a'], all: true }, 'body'],
    [{ tag: ['a'] }, 'tag'],
    [{ tags: [] }, 'tags'],
    [{ tags: 'a' }, 'tags'],
    [{ tags: Array.from({ length: 101 }, (_, i) => `t${i}`) }, 'tags'],
    [{ tags: ['fine', ''] }, 'tags.1'],
    [{ tags: ['line\nfeed'] }, 'tags.0'],
    [{ tags: ['\u0001http://localhost/products'] }, 'tags.0'],
    [{ tags: ['\ud800'] }, 'tags.0'],
    [{ tags: [1] }, 'tags.0'],
    [{ urls: [] }, 'urls'],
    [{ urls: ['https://elsewhere.test/products'] }, 'urls.0'],
    [{ urls: ['//elsewhere.test/products'] }, 'urls.0'],
    [{ urls: ['/\\elsewhere.test/products'] }, 'urls.0'],
    [{ urls: ['/products', '/nowhere'] }, 'urls.1'],
    [{ urls: ['/uncached'] }, 'urls.0'],
    [{ urls: ['/products?limit=1000'] }, 'urls.0'],
    [{ urls: ['/products/%zz'] }, 'urls.0'],
    [{ urls: ['/api/cache/stats'] }, 'urls.0'],
    [{ all: false }, 'all'],
    [{ all: 'true' }, 'all'],
    [[], 'body']
  ]
  for (const [payload, field] of bad) {
    const answer = await purge(app, payload)
    t.equal(answer.statusCode, 400, answer.body)
    t.same(
      answer.json<{ errors: { field: string }[] }>().errors.map(({ field }) => field),
      [field],
      answer.body
    )
  }
  t.equal(await status(app, '/products'), 'memory', 'nothing was invalidated')
  t.equal(
    (await app.inject('/uncached')).json<{ run: number }>().run,
    2,
    'and no handler ran'
  )
  t.match((await purge(app, {})).json(), {
    code: 'WEIR_ERR_PURGE_TARGET',
    detail: 'body must have exactly one of tags, urls and all'
  })
  t.match((await purge(app, { urls: ['/uncached'] })).json(), {
    code: 'WEIR_ERR_NOT_CACHED',
    detail: 'urls.0 is not answered from the cache'
  })
  t.match((await look(app, '/uncached')).json(), {
    status: 400,
    errors: [{ field: 'url', message: 'is not answered from the cache' }]
  })
  t.equal(
    (await app.inject({ url: '/api/cache/entries', headers: as(app, 'admin') })).statusCode,
    400
  )
})

t.test('entries of a URL are inspected without side effects', async (t) => {
  const store = memoryStore()
  const [a, b] = [await shop(t, store), await shop(t, store, { instance: 'b' })]
  const first = await a.inject('/products?limit=2')
  const stats = [a.responseCache.cache.stats(), b.responseCache.cache.stats()]
  const key = 'http://localhost/products?limit=2&page=1'

  const here = await look(a, '/products?limit=2')
  t.match(here.json(), { url: '/products?limit=2', instance: 'a' })
  t.match(found(here), [{ where: 'memory' }, { where: 'store' }])
  for (const entry of found(here)) {
    t.match(entry, {
      key,
      tags: ['products'],
      filledBy: 'a',
      status: 200,
      etag: first.headers['etag'],
      valid: true,
      bytes: Number,
      age: Number
    })
    t.ok(Number(entry['costMs']) > 0)
    t.equal(
      Date.parse(String(entry['freshUntil'])) - Date.parse(String(entry['storedAt'])),
      3_600_000
    )
  }
  t.match(found(await look(b, '/products?page=1&limit=2')), [{ where: 'store', key }])
  t.match(
    found(await look(b, '/products?limit=2')),
    [{ where: 'store', key }],
    'inspecting has not copied it into memory'
  )
  t.same(found(await look(a, '/products?limit=3')), [])
  t.same(
    [a.responseCache.cache.stats(), b.responseCache.cache.stats()],
    stats,
    'nothing is counted'
  )
  t.equal(await status(b, '/products?limit=2'), 'store')
  t.equal(
    (await a.inject('/products?limit=3')).json<{ run: number }>().run,
    2,
    'nothing was computed'
  )

  await purge(b, { tags: ['products'] })
  t.match(
    found(await look(a, '/products?limit=2')),
    [
      { where: 'memory', valid: false },
      { where: 'store', valid: false }
    ],
    'it exists, but is not served'
  )
})

t.test('variants: the one selected by the headers', async (t) => {
  const app = await shop(t, memoryStore())
  for (const language of ['de', 'en']) {
    await app.inject({ url: '/page', headers: { 'accept-language': language } })
  }
  t.match(found(await look(app, '/page', { 'accept-language': 'de' })), [
    { key: /de$/, where: 'memory' },
    { key: /de$/, where: 'store' }
  ])
  t.same(found(await look(app, '/page', { 'accept-language': 'fr' })), [])

  await app.inject({ url: '/negotiated', headers: { accept: 'text/html' } })
  const selected = found(await look(app, '/negotiated', { accept: 'text/html' }))
  t.match(selected.slice(0, 2), [
    { where: 'memory', variants: ['accept'] },
    { where: 'store', variants: ['accept'] }
  ])
  t.match(selected.slice(2), [{ where: 'memory', status: 200 }, { where: 'store', status: 200 }])
  t.equal(
    found(await look(app, '/negotiated', { accept: 'text/plain' })).length,
    2,
    'no such variant'
  )

  await app.inject({ url: '/mine', headers: { 'x-part': 'left' } })
  t.match(found(await look(app, '/mine', { 'x-part': 'left' })), [
    { key: 'http://localhost#left\n/mine []' },
    { where: 'store' }
  ])
})

t.test(
  'No-Vary-Search: the response for a URL, regardless of the query that created it',
  async (t) => {
    const app = await shop(t, memoryStore())
    const rule = 'params=("utm")'
    await app.inject('/shared?a=1&utm=1')
    const first = found(await look(app, '/shared?a=1&utm=1'))
    t.match(first, [
      { where: 'memory', noVarySearch: rule },
      { where: 'store', noVarySearch: rule },
      { where: 'memory', status: 200 },
      { where: 'store', status: 200 }
    ])
    t.same(found(await look(app, '/shared?a=1&utm=2')), first.slice(2))
    t.same(found(await look(app, '/shared?a=2&utm=1')), [])

    await app.inject('/shared?a=2&utm=1')
    t.equal((await purge(app, { urls: ['/shared?utm=3&a=1'] })).statusCode, 200)
    t.equal(await status(app, '/shared?a=1&utm=1'), 'miss')
    t.not(await status(app, '/shared?a=2&utm=2'), 'miss', 'another query is not purged')
    t.match((await purge(app, { urls: ['/shared'] })).json(), {
      tags: ['http://localhost/shared', 'http://localhost/shared#params=("utm")?']
    })
  }
)

t.test('counters of this instance', async (t) => {
  const app = await shop(t, memoryStore())
  await app.inject('/products')
  await app.inject('/products')
  const answer = await app.inject({ url: '/api/cache/stats', headers: as(app, 'admin') })
  const counts = app.responseCache.cache.stats()
  t.same(answer.json(), { namespace: 'responses', instance: 'a', caches: { responses: counts } })
  t.match(counts, { hits: { l1: 1 }, misses: 1, stores: 1, l1: { entries: 1 } })
})

t.test('lookups of keys do not count as client requests', async (t) => {
  const app = await shop(t, memoryStore(), { limit: 2 })
  const question = { url: '/products', headers: { 'x-weir-key': 'guessed' } }
  for (let i = 0; i < 10; i++) await look(app, '/products')
  t.same(
    await statuses(app, 3, question),
    [200, 200, 429],
    'ten lookups are free of charge, and clients cannot send any'
  )
})

t.test('an unreachable store is reported', async (t) => {
  let down = false
  const guarded = guardedStore(memoryStore(), () => !down)
  const failing = async () => { throw new Error('timeout') }
  const store: Store = {
    ...guarded,
    namespace (name) {
      const { entries, validity } = guarded.namespace(name)
      return {
        entries,
        validity: {
          ...validity,
          invalidate: (...args) => down ? failing() : validity.invalidate(...args),
          clear: (...args) => down ? failing() : validity.clear(...args)
        }
      }
    }
  }
  const app = await shop(t, store)
  await app.inject('/products')
  down = true
  for (const payload of [{ tags: ['products'] }, { urls: ['/products'] }, { all: true }]) {
    const answer = await purge(app, payload)
    t.match(answer.json(), {
      status: 503,
      code: 'WEIR_ERR_NOT_PURGED',
      detail: /may still be served: send the request again/
    })
  }
  const unseen = await look(app, '/products')
  t.match(unseen.json(), { status: 503, code: 'WEIR_ERR_STORE_UNREADABLE' })
  t.equal(unseen.headers['retry-after'], '1')
  down = false
  t.equal(await status(app, '/products'), 'memory')
  t.equal((await purge(app, { tags: ['products'] })).statusCode, 200)
  t.equal(await status(app, '/products'), 'miss')
})

t.test('with Redis a purge returns when no instance serves the old responses', async (t) => {
  const server = await startRedis(t)
  const store = async (app: FastifyInstance) => {
    await app.register(redis, { url: server.url, commandTimeout: 5000 })
    return redisStore({ client: app.redis })
  }
  const [a, b] = [await shop(t, store), await shop(t, store, { instance: 'b' })]
  for (const payload of [{ tags: ['products'] }, { urls: ['/products?limit=20'] }, { all: true }]) {
    await a.inject('/products')
    await b.inject('/products')
    t.match(found(await look(b, '/products')), [
      { where: 'memory', filledBy: 'a' },
      { where: 'store', filledBy: 'a' }
    ])
    t.equal((await purge(a, payload)).statusCode, 200)
    t.equal(await status(b, '/products'), 'miss', JSON.stringify(payload))
    await purge(a, { all: true })
  }
  await a.inject('/products')
  await server.kill()
  t.equal((await purge(a, { all: true })).statusCode, 503)
  t.equal((await look(a, '/products')).statusCode, 503)
})

t.test('OpenAPI describes the routes with their role', async (t) => {
  const app = await shop(t, memoryStore())
  const { paths } = (await app.inject('/docs/json')).json<{
    paths: Record<string, Record<string, { security?: object[]; responses: object }>>
  }>()
  for (const [method, path] of [
    ['post', '/api/cache/invalidations'],
    ['get', '/api/cache/entries'],
    ['get', '/api/cache/stats']
  ] as const) {
    const operation = paths[path]?.[method]
    t.same(operation?.security, [{ bearer: [] }], path)
    t.match(operation?.responses, { 200: Object, '4XX': Object, '5XX': Object })
  }
})
