import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { memoryStore } from '@weir/cache/memory'
import {
  createEdge, type EdgeDestination, EdgeError, edgeMigration, type EdgeSchema, edgeTag, nginx,
  varnish
} from '@weir/edge'
import { freePort, startCachingNginx, startVarnish } from '@weir/internal/testing'
import { createOutbox, ImmediateSqliteDialect, outboxMigration } from '@weir/outbox'
import Database from 'better-sqlite3'
import { fastify, type FastifyRequest } from 'fastify'
import { Kysely } from 'kysely'
import t, { type Test } from 'tap'
import edgePlugin, { type EdgePluginOptions } from '../edge/index.js'
import fragments from '../fragments/index.js'
import invalidation from '../invalidation/index.js'
import responseCache from '../response-cache/index.js'

const SECRET = 'the-secret-of-regions'

/** An application with two destinations that record what they are asked. */
async function world (
  t: Test, own: Partial<EdgeDestination> = {}, options: Partial<EdgePluginOptions> = {}
) {
  const database = new Database(join(t.testdir(), 'service.db'))
  const db = new Kysely<EdgeSchema>({ dialect: new ImmediateSqliteDialect({ database }) })
  await outboxMigration.up(db)
  await edgeMigration.up(db)
  const purged: string[] = []
  const cdn: EdgeDestination = {
    name: 'cdn',
    wait: true,
    headers: { tags: 'surrogate-key', cacheControl: 'surrogate-control', maxBytes: 300 },
    purge: async (tags) => { purged.push(...tags) },
    ...own
  }
  const edge = createEdge({ db, destinations: [cdn] })
  const app = fastify()
  const invalidate = (tags: readonly string[]) => app.responseCache.invalidate(tags)
  const outbox = createOutbox({ db, invalidate, edge })
  await app.register(edgePlugin, { edge, ...options })
  await app.register(responseCache, { store: memoryStore(), outbox, origin: 'http://shop' })
  await app.register(invalidation, { outbox })
  t.teardown(async () => {
    await outbox.stop()
    await app.close()
    await db.destroy()
  })
  const fields = async (
    url: string, headers: Record<string, string> = {}, method: 'GET' | 'HEAD' = 'GET'
  ) => {
    const { headers: { 'surrogate-key': tags, 'surrogate-control': control, ...all }, statusCode } =
      await app.inject({ url, headers, method })
    return { tags: tags === undefined ? [] : String(tags).split(' '), control, all, statusCode }
  }
  return { app, edge, outbox, purged, fields }
}

t.test('every answer from a stored response has its tags and the lifetime of the edge', async (t) => {
  const { app, fields, purged } = await world(t)
  app.get('/products/:id', {
    config: { cache: { ttl: '1m', tags: ['product:{id}'], public: true, edge: true } }
  }, async (_request, reply) => {
    reply.header('etag', '"1"').header('cache-groups', '"of the reply"')
    return { a: 1 }
  })
  app.put('/products/:id', async () => ({}))
  const miss = await fields('/products/1')
  t.match(miss.tags, ['product:1', edgeTag('of the reply')])
  t.ok(miss.tags.includes('weir:everything'))
  t.equal(miss.control, 'max-age=86400')
  t.equal(miss.all['cache-control'], 'no-cache')
  for (const [what, headers, method, status] of [
    ['hit', {}, 'GET', 200],
    ['second hit, prepared', {}, 'GET', 200],
    ['304', { 'if-none-match': '"1"' }, 'GET', 304],
    ['HEAD', {}, 'HEAD', 200],
    ['with credentials', { authorization: 'Bearer a' }, 'GET', 200]
  ] as const) {
    const hit = await fields('/products/1', headers, method)
    t.equal(hit.statusCode, status, what)
    t.match(hit.all['cache-status'], /hit/, what)
    t.strictSame([...hit.tags].sort(), [...miss.tags].sort(), what)
    t.equal(hit.control, 'max-age=86400', what)
  }
  const part = await fields('/products/1', { range: 'bytes=0-1' })
  t.strictSame([part.statusCode, part.control, part.tags], [206, 'no-store', part.tags])

  // Any invalidation that ends the entry here names a tag that the response has at the edge.
  await app.inject({ method: 'PUT', url: '/products/1' })
  t.ok(purged.length > 0 && purged.some((tag) => miss.tags.includes(tag)), purged.join())
})

t.test('a route without a lifetime for the edge has its tags only', async (t) => {
  const { app, fields } = await world(t)
  app.get('/', { config: { cache: { ttl: '1m', tags: ['a'] } } }, async () => ({}))
  for (const what of ['miss', 'hit']) {
    const { tags, control } = await fields('/')
    t.ok(tags.includes('a'), what)
    t.equal(control, undefined, what)
  }
})

t.test('the edge stores no response of one client, and none whose tags it cannot have', async (t) => {
  const { app, fields } = await world(t)
  const cache = { ttl: '1m', tags: ['a'], public: true, edge: '1h' } as const
  const many = Array.from({ length: 40 }, (_, i) => `tag:${i}`)
  app.get('/cookie', { config: { cache } }, async (_request, reply) => {
    reply.header('set-cookie', 'a=b')
    return {}
  })
  app.get('/stripped', { config: { cache: { ...cache, setCookie: 'strip' } } }, async (_request, reply) => {
    reply.header('set-cookie', 'a=b')
    return {}
  })
  app.get('/private', { config: { cache: { ...cache, targets: ['Weir-Cache-Control'] } } }, async (_request, reply) => {
    reply.headers({ 'cache-control': 'private', 'weir-cache-control': 'max-age=60' })
    return {}
  })
  app.get('/error', { config: { cache } }, async (_request, reply) => reply.code(500).send({}))
  app.get('/many', { config: { cache: { ...cache, tags: many } } }, async () => ({}))
  for (const path of ['/cookie', '/private', '/error', '/many']) {
    for (const what of ['first', 'second']) {
      const { control, tags } = await fields(path)
      t.strictSame([control, tags], ['no-store', []], `${path}, ${what} request`)
    }
  }
  t.equal((await fields('/stripped')).control, 'no-store', 'the miss has the cookie')
  t.equal((await fields('/stripped')).control, 'max-age=3600', 'its hits do not')
})

t.test('a stale response is not for the edge', async (t) => {
  const { app, fields } = await world(t)
  let fails = false
  app.get('/', {
    config: { cache: { ttl: 1, staleIfError: '1h', tags: ['a'], public: true, edge: true } }
  }, async (_request, reply) => fails ? reply.code(500).send({}) : {})
  t.equal((await fields('/')).control, 'max-age=86400')
  fails = true
  await new Promise((resolve) => { setTimeout(resolve, 10) })
  const { all, control, tags } = await fields('/')
  t.match(all['cache-status'], /STALE_IF_ERROR/)
  t.strictSame([control, tags], ['no-store', []])
})

t.test('a cookie of a hook keeps a hit from the edge', async (t) => {
  const { app, fields } = await world(t)
  let sets = false
  app.addHook('onRequest', async (_request: FastifyRequest, reply) => {
    if (sets) reply.header('set-cookie', 'a=b')
  })
  app.get('/', {
    config: { cache: { ttl: '1m', setCookie: 'store', public: true, edge: true } }
  }, async () => ({}))
  for (let i = 0; i < 4; i++) await fields('/')
  sets = true
  t.equal((await fields('/')).control, 'no-store')
})

t.test('a field of the application decides about CDNs', async (t) => {
  const { app, fields } = await world(t)
  app.get('/', { config: { cache: { tags: ['a'], public: true, edge: true } } }, async (_request, reply) => {
    reply.header('cdn-cache-control', 'max-age=5')
    return {}
  })
  for (const what of ['miss', 'hit']) {
    const { all, control, tags } = await fields('/')
    t.strictSame([all['cdn-cache-control'], control], ['max-age=5', undefined], what)
    t.ok(tags.includes('a'), what)
  }
})

t.test('a write tells its client when an edge has not confirmed', async (t) => {
  let fails = true
  const { app, outbox } = await world(t, {
    wait: 30,
    purge: async () => { if (fails) throw new Error('down') }
  })
  app.put('/a', { config: { invalidates: ['a'] } }, async () => ({}))
  app.put('/b', async (_request, reply) => {
    reply.invalidate(await outbox.queue(['b']))
    return {}
  })
  for (const url of ['/a', '/b']) {
    const { statusCode, headers } = await app.inject({ method: 'PUT', url })
    t.strictSame([statusCode, headers['weir-edge']], [200, 'unconfirmed'], url)
  }
  fails = false
  const { headers } = await app.inject({ method: 'PUT', url: '/a' })
  t.equal(headers['weir-edge'], undefined)
})

t.test('whatever ends a stored response reaches the edge, on the engine itself, too', async (t) => {
  const { app, fields, purged } = await world(t)
  await app.register(fragments)
  app.get('/', { config: { cache: { ttl: '1m', tags: ['a b'], public: true, edge: true } } },
    async (_request, reply) => reply.fragment('part', { ttl: '1m', tags: ['c'] }, async () => 'part'))
  await app.ready()
  const { cache } = app.responseCache
  const key = 'http://shop/'
  const ways = {
    'invalidate by responseCache': () => app.responseCache.invalidate(['a b']),
    'clear by responseCache': () => app.responseCache.clear(),
    invalidate: () => cache.invalidate(['other', 'a b']),
    'bounded invalidate': () => cache.invalidate(['a b'], { consistency: 'bounded' }),
    delete: () => cache.delete(key),
    'deleteMany of a generator': () => cache.deleteMany((function * () { yield key })()),
    pull: () => cache.pull(key),
    clear: () => cache.clear(),
    'invalidate by fragments': () => app.fragments.invalidate(['c']),
    'delete by fragments': () => app.fragments.delete('part'),
    "invalidate by the fragments' engine": () => app.fragments.cache.invalidate(['c'])
  }
  for (const [what, end] of Object.entries(ways)) {
    const { tags } = await fields('/')
    t.match((await fields('/')).all['cache-status'], /hit/, what)
    purged.length = 0
    await end()
    // A bounded one does not wait for the edge.
    while (purged.length === 0) await new Promise((resolve) => { setTimeout(resolve, 5) })
    t.ok(purged.some((tag) => tags.includes(tag)), `${what}: ${purged.join()}`)
    t.equal(new Set(purged).size, purged.length, `${what}: once`)
    t.notMatch((await fields('/')).all['cache-status'], /hit/, what)
  }
  purged.length = 0
  await cache.clear('another')
  await app.responseCache.cache.deleteMany([])
  await t.rejects(cache.delete(''), { code: 'WEIR_CACHE_INVALID_KEY' })
  await t.rejects(cache.pull(''), { code: 'WEIR_CACHE_INVALID_KEY' })
  for (const tags of [null, undefined, {}, 'x', [''], [1]]) {
    // @ts-expect-error -- as JavaScript may pass it
    await t.rejects(cache.invalidate(tags), { code: /^WEIR_CACHE_/ }, JSON.stringify(tags))
  }
  // A text would be iterated as keys of one letter.
  await t.rejects(async () => { await cache.deleteMany('ab') }, { code: 'WEIR_CACHE_INVALID_OPTION' })
  t.strictSame(purged, [])
})

t.test('invalidations of other regions', async (t) => {
  const { app, fields, purged } = await world(t, {}, { regionSecret: SECRET })
  let version = 1
  app.get('/', { config: { cache: { ttl: '1m', tags: ['a b'] } } }, async () => ({ version }))
  await fields('/')
  version = 2
  const ask = (authorization: string, tags: unknown = ['a b']) => app.inject({
    method: 'POST', url: '/.well-known/weir/invalidate', headers: { authorization }, payload: { tags }
  })
  t.equal((await ask('Bearer other')).statusCode, 403)
  for (const tags of [[''], {}, [{}], ['\ud800']]) {
    const refused = await ask(`Bearer ${SECRET}`, tags)
    t.match(refused.json(), { statusCode: 400, code: 'WEIR_ERR_EDGE_TAGS' }, JSON.stringify(tags))
  }
  t.strictSame((await app.inject('/')).json(), { version: 1 })
  t.equal((await ask(`Bearer ${SECRET}`)).statusCode, 204)
  t.strictSame((await app.inject('/')).json(), { version: 2 })
  t.strictSame(purged, [edgeTag('a b')], 'they go on to the edge of this region')
})

t.test('a region whose own edge refuses asks for a repetition', async (t) => {
  const { app } = await world(t, {
    purge: async () => { throw new EdgeError('WEIR_EDGE_REFUSED', 'cdn answered 403', { status: 403 }) }
  }, { regionSecret: SECRET })
  await app.ready()
  const answer = await app.inject({
    method: 'POST',
    url: '/.well-known/weir/invalidate',
    headers: { authorization: `Bearer ${SECRET}` },
    payload: { tags: ['a'] }
  })
  t.match(answer.json(), { statusCode: 503, code: 'WEIR_ERR_EDGE_INCOMPLETE' })
})

t.test('mistakes fail at once', async (t) => {
  const { app, edge } = await world(t)
  t.throws(() => app.get('/', { config: { cache: { ttl: '1m', edge: true } } }, async () => ({})),
    /cache.edge.*public: true/)
  for (const own of [{ key: () => 'a' }, { unless: () => false }]) {
    t.throws(() => app.get('/own', {
      config: { cache: { public: true, edge: true, ...own } }
    }, async () => ({})), /cache.edge.*excludes cache\.(key|unless)/)
  }
  await t.rejects(async () => { await app.register(edgePlugin, { edge }) }, /before the response cache|already/)
  const other = fastify()
  t.teardown(() => other.close())
  await t.rejects(async () => { await other.register(edgePlugin, { edge, ttl: 0 }) }, /ttl/)
  const third = fastify()
  t.teardown(() => third.close())
  await t.rejects(async () => { await third.register(edgePlugin, { edge, regionSecret: 'short' }) }, /16 characters/)
  const fourth = fastify()
  t.teardown(() => fourth.close())
  await fourth.register(responseCache, { store: memoryStore() })
  t.throws(() => fourth.get('/', { config: { cache: { public: true, edge: '1d' } } }, async () => ({})),
    /@weir\/fastify\/edge/)
})

t.test('Varnish stores nothing that the cache has not handled', async (t) => {
  const port = await freePort()
  const { url } = await startVarnish(t, {
    vclDir: fileURLToPath(new URL('../../../packages/edge/varnish', import.meta.url)),
    vcl: `
      vcl 4.1;
      backend default { .host = "127.0.0.1"; .port = "${port}"; }
      acl weir_purgers { "127.0.0.1"; }
      sub weir_secret { set req.http.weir-expected = "secret"; }
      include "weir.vcl";`
  })
  const { app } = await world(t, varnish({ urls: [url], secret: 'secret' }))
  let n = 0
  const answer = async ({ headers }: FastifyRequest) => ({ user: headers['x-user'], n: ++n })
  const cache = { ttl: '1m', tags: ['a'], public: true, edge: '1h' } as const
  app.get('/uncached', answer)
  app.get('/hook', {
    config: { cache },
    onRequest: async (request, reply) => reply.send(await answer(request))
  }, answer)
  app.get('/forbidden', {
    config: { cache },
    preHandler: async (request, reply) => {
      if (request.headers['x-user'] !== 'bob') await reply.code(404).send(await answer(request))
    }
  }, answer)
  app.get('/cached', { config: { cache } }, async () => ({ n: ++n }))
  await app.listen({ port, host: '127.0.0.1' })
  const get = async (path: string, user: string): Promise<unknown> =>
    (await fetch(url + path, { headers: { 'x-user': user } })).json()
  for (const path of ['/uncached', '/hook', '/forbidden']) {
    const alice = await get(path, 'alice')
    t.strictNotSame(await get(path, 'bob'), alice, path)
    if (path !== '/forbidden') continue
    t.match(alice, { user: 'alice' })
    t.match(await get(path, 'bob'), { user: 'bob' }, 'the answer of a hook hides no page')
  }
  const first = await get('/cached', 'alice')
  t.strictSame(await get('/cached', 'bob'), first, 'others are stored')
  await app.responseCache.invalidate(['a'])
  t.strictNotSame(await get('/cached', 'bob'), first)
})

t.test('nginx stores no page that a purge would not reach', async (t) => {
  const port = await freePort()
  const { url } = await startCachingNginx(t, port)
  const { app } = await world(t, nginx({
    urls: [url],
    pages: (tag) => tag === 'products'
      ? ['/products', '/a b', '/one', '/cors', '/late']
      : tag === 'one' ? ['/one'] : undefined
  }))
  let n = 0
  const cache = { ttl: '1m', tags: ['products'], public: true, edge: '1h' } as const
  const answer = async () => ({ n: ++n })
  app.addHook('onRequest', async ({ url }, reply) => {
    if (url.startsWith('/cors')) reply.header('vary', 'Origin')
  })
  app.addHook('onSend', async ({ url }, reply) => {
    if (url.startsWith('/late')) reply.header('vary', 'accept-encoding')
  })
  app.get('/one', { config: { cache: { ...cache, tags: ['products', 'one'] } } }, answer)
  app.get('/unknown', { config: { cache: { ...cache, tags: ['unknown'] } } }, answer)
  for (const path of ['/products', '/products/:id', '/a b', '/cors', '/late', '/lang']) {
    const own = path === '/lang' ? { vary: ['accept-language'] } : {}
    app.get(path, { config: { cache: { ...cache, ...own } } }, answer)
  }
  await app.listen({ port, host: '127.0.0.1' })
  const get = async (path: string) => {
    const response = await fetch(url + path)
    return { body: await response.text(), isHit: response.headers.get('x-cache') === 'HIT' }
  }
  const all = ['/products', '/one', '/a%20b', '/products?utm=1', '/products/1', '/products/', '/unknown', '/cors',
    '/late', '/lang']
  const stored: string[] = []
  const old = new Map<string, string>()
  for (const path of all) {
    for (let i = 0; i < 3; i++) await get(path)
    const { isHit, body } = await get(path)
    if (isHit) stored.push(path)
    old.set(path, body)
  }
  t.strictSame(stored, ['/products', '/one', '/a%20b'])
  t.strictSame(await app.responseCache.invalidate(['products']).then(({ unconfirmed }) => unconfirmed), [])
  for (const path of all) {
    if (path !== '/unknown') t.not((await get(path)).body, old.get(path), path)
  }
})
