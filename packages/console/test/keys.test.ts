import { createCache, type Store } from '@weir/cache'
import { memcachedStore } from '@weir/cache/memcached'
import { memoryStore } from '@weir/cache/memory'
import { testStore } from '@weir/cache/testing'
import responseCache from '@weir/fastify/response-cache'
import service, { loadEnv, serverOptions, serviceEnv } from '@weir/fastify/service'
import { fastify } from 'fastify'
import t, { type Test } from 'tap'
import { type Action } from '../src/guard.js'
import { nameOf, shortName } from '../src/keys/response-key.js'
import { keysRoutes } from '../src/routes/keys.js'

interface Key {
  readonly key: string
  readonly state: string
  readonly tags: readonly string[]
  readonly url: string | null
  readonly route: string | null
  readonly filledBy: string | null
  readonly bytes: number
}
interface Page {
  readonly keys: readonly Key[]
  readonly cursor: string | null
  readonly examined: number
}

async function build (
  t: Test,
  store: Store | undefined,
  allowed: readonly Action[] = ['inspect', 'invalidate']
) {
  const app = fastify(
    serverOptions(loadEnv(serviceEnv, { LOG_LEVEL: 'silent', PORT: '0' }), { service: 'console' })
  )
  t.teardown(() => app.close())
  await app.register(service, { name: 'console', version: '0.0.0', title: 'Console', description: '' })
  await app.register(keysRoutes, {
    store,
    collector: { presences: [] },
    requests: undefined,
    purges: undefined,
    authorize: (_request, action) => allowed.includes(action)
  })
  const get = (path: string, query: Record<string, string> = {}) =>
    app.inject({ url: `/api/stats/${path}`, query })
  return {
    get,
    post: (body: object) =>
      app.inject({ method: 'POST', url: '/api/stats/invalidations', payload: body }),
    all: async (query: Record<string, string>): Promise<Page[]> => {
      const pages: Page[] = []
      let cursor: string | null = null
      do {
        const from: Record<string, string> = cursor === null ? {} : { cursor }
        const response = await get('keys', { ...query, ...from })
        t.equal(response.statusCode, 200, response.body)
        const page = response.json<Page>()
        pages.push(page)
        cursor = page.cursor
      } while (cursor !== null && pages.length < 1000)
      return pages
    }
  }
}

/** Starts an app whose responses are in the store. */
async function responses (t: Test, store: Store) {
  const app = fastify()
  t.teardown(() => app.close())
  await app.register(responseCache, { store, name: 'shop-1', origin: 'http://shop' })
  app.get(
    '/products/:id',
    { config: { cache: { public: true, ttl: '1m', tags: ['products'] } } },
    async (request, reply) => {
      reply.header('x-seen', ['a', 'b'])
      return request.params
    }
  )
  app.get(
    '/greeting',
    { config: { cache: { public: true, ttl: '1m', vary: ['accept-language'] } } },
    async (_request, reply) => reply.type('text/plain').send('Hello '.repeat(1000))
  )
  for (const url of ['/products/1', '/products/2', '/greeting?name=x']) await app.inject(url)
}

t.test('stored responses are listed by their URL and route, and looked into', async (t) => {
  const store = memoryStore()
  await responses(t, store)
  const { get, all } = await build(t, store)
  const keys = (await all({ namespace: 'responses' })).flatMap(({ keys }) => keys)
  t.match(keys.toSorted((a, b) => a.key.localeCompare(b.key)), [
    { url: 'http://shop/greeting?name=x', route: null, state: 'fresh', filledBy: 'shop-1' },
    { url: 'http://shop/products/1', route: '/products/:id', tags: ['products'], bytes: Number },
    { url: 'http://shop/products/2', route: '/products/:id', tags: ['products'] }
  ])
  const [one] = keys.filter(({ url }) => url === 'http://shop/products/1')
  const entry = await get('keys/entry', { namespace: 'responses', key: one?.key ?? '' })
  t.equal(entry.headers['cache-control'], 'no-store')
  t.match(entry.json(), {
    state: 'fresh',
    tags: ['products'],
    response: { status: 200 },
    preview: { kind: 'text', text: '{"id":"1"}', truncated: false }
  })
  t.same(
    entry.json<{ response: { headers: { name: string }[] } }>().response.headers
      .filter(({ name }) => name === 'x-seen'),
    [{ name: 'x-seen', value: 'a' }, { name: 'x-seen', value: 'b' }]
  )
  const [long] = keys.filter(({ url }) => url?.includes('greeting'))
  const { preview } = (await get('keys/entry', { namespace: 'responses', key: long?.key ?? '' }))
    .json<{ preview: { text: string; truncated: boolean } }>()
  t.match({ length: preview.text.length, ...preview }, { length: 4096, truncated: true })
})

t.test('values of other caches are looked into, too', async (t) => {
  const store = memoryStore()
  const cache = createCache<unknown>({ store, namespace: 'n' })
  await cache.set('data', { a: new Map([['b', 1n]]) }, { ttl: '1m' })
  await cache.set('bytes', Buffer.from([0, 255]), { ttl: '1m' })
  await cache.set('text', 'ä'.repeat(9000), { ttl: '1m', tags: ['tag'] })
  const serializer = {
    name: 'own',
    serialize: () => ({ meta: '', body: Buffer.from('x') }),
    deserialize: () => 'x'
  }
  await createCache({ store, namespace: 'n', serializer }).set('own', 'x', { ttl: '1m' })
  const { get } = await build(t, store)
  const preview = async (key: string) =>
    (await get('keys/entry', { namespace: 'n', key })).json<{ preview: unknown }>().preview
  t.same(await preview('data'), {
    kind: 'text',
    text: "{ a: Map(1) { 'b' => 1n } }",
    truncated: false
  })
  t.same(await preview('bytes'), { kind: 'bytes', text: '00 ff', truncated: false })
  t.match(await preview('text'), { kind: 'text', text: 'ä'.repeat(4096), truncated: true })
  t.match(await preview('own'), { kind: 'unreadable' })
  const missing = await get('keys/entry', { namespace: 'n', key: 'none' })
  t.equal(missing.statusCode, 404)
  t.match(missing.json(), { code: 'CONSOLE_ERR_NO_ENTRY' })
})

t.test('conditions are looked for within a bounded work per request', async (t) => {
  const store = memoryStore()
  const [a, b] = ['a', 'b'].map((name) => createCache({ store, namespace: 'n', name }))
  for (let i = 0; i < 3000; i++) {
    const tags = i % 1000 === 999 ? ['rare'] : []
    await (i % 2 === 0 ? a : b)?.set(`key ${i}`, 'v'.repeat(i), { ttl: '1m', tags })
  }
  await a?.set('gone', 1, { ttl: '1m', tags: ['gone'] })
  await a?.invalidate(['gone'])
  const { get, all } = await build(t, store)
  const find = async (query: Record<string, string>) => {
    const pages = await all({ namespace: 'n', ...query })
    const examined = pages.map((page) => page.examined)
    t.ok(Math.max(...examined) <= 2200, `${Math.max(...examined)} keys are looked at at most`)
    t.ok(pages.every(({ keys }) => keys.length <= 100), 'pages are bounded')
    return pages.flatMap(({ keys }) => keys.map(({ key }) => key))
  }
  t.same((await find({ tag: 'rare' })).sort(), ['key 1999', 'key 2999', 'key 999'])
  t.same(await find({ state: 'invalid' }), ['gone'])
  t.equal((await find({ filledBy: 'b' })).length, 1500)
  t.equal((await find({ minBytes: '2990' })).length > 0, true)
  t.same(await find({ route: 'key 299', filledBy: 'b', minBytes: '100000' }), [])
  t.equal((await find({ route: 'key 299' })).length, 11)
  t.same(await find({ minAge: '3600000' }), [])
  t.match((await get('keys', { namespace: 'n', limit: '10' })).json(), {
    keys: { length: 20 },
    examined: 20
  })
})

t.test('entries are invalidated by tag and by key', async (t) => {
  const store = memoryStore()
  const cache = createCache({ store, namespace: 'n' })
  for (const key of ['a', 'b', 'c']) await cache.set(key, 1, { ttl: '1m', tags: [`tag ${key}`] })
  const { post } = await build(t, store)
  const response = await post({ namespace: 'n', tags: ['tag a'], keys: ['b'] })
  t.match(response.json(), { namespace: 'n', tags: ['tag a'], keys: ['b'], tookMs: Number })
  t.same(await cache.getMany(['a', 'b', 'c']), [undefined, undefined, 1])
  t.match((await post({ namespace: 'n' })).json(), { status: 400, code: 'CONSOLE_ERR_KEYS' })
  t.equal((await post({ namespace: '*', tags: ['a'] })).statusCode, 400)
})

t.test('namespaces are those of the store', async (t) => {
  const store = memoryStore()
  await createCache({ store, namespace: 'n' }).set('a', 1, { ttl: '1m' })
  const { get } = await build(t, store)
  t.same((await get('namespaces')).json(), { namespaces: ['n'], complete: true })
})

t.test('clients without the right are refused, whatever they ask for', async (t) => {
  const { get, post } = await build(t, memoryStore(), ['view'])
  const refused = [
    await get('namespaces'),
    await get('keys', { namespace: 'n' }),
    await get('keys/entry', { namespace: 'n', key: 'a' }),
    await post({ namespace: 'n', tags: ['a'] }),
    await (await build(t, memoryStore(), ['inspect'])).post({ namespace: 'n', tags: ['a'] })
  ]
  for (const response of refused) {
    t.equal(response.statusCode, 403)
    t.match(response.json(), { code: 'CONSOLE_ERR_FORBIDDEN' })
  }
})

t.test('stores that cannot are told apart from those that fail', async (t) => {
  const none = await build(t, undefined)
  t.match((await none.get('keys', { namespace: 'n' })).json(), { code: 'CONSOLE_ERR_NO_CACHE' })
  const memcached = memcachedStore({ servers: ['127.0.0.1:1'] })
  t.teardown(() => memcached.close())
  const unlisted = await build(t, memcached)
  for (const path of ['keys?namespace=n', 'namespaces']) {
    const response = await unlisted.get(path)
    t.match([response.statusCode, response.json()], [501, { code: 'CONSOLE_ERR_CANNOT_LIST' }])
  }
  const failing = testStore()
  failing.fail(new Error('ECONNREFUSED'))
  const failed = await (await build(t, failing)).get('keys', { namespace: 'n' })
  t.match(failed.json(), { status: 503, code: 'CONSOLE_ERR_STORE', detail: /ECONNREFUSED/ })
  const { get } = await build(t, memoryStore())
  const bad = await get('keys', { namespace: 'n', cursor: '!' })
  t.match(bad.json(), { status: 400, code: 'CONSOLE_ERR_KEYS', detail: /start without one/ })
})

t.test('keys of responses are taken apart', async (t) => {
  t.same(nameOf('http://a:80/x?y=1'), { url: 'http://a:80/x?y=1', selects: [] })
  t.same(nameOf('https://a/x\n/:x [["host","a"]]\nde\n\ngzip'), {
    url: 'https://a/x',
    route: '/:x',
    selects: ['de', 'gzip']
  })
  for (const other of ['', 'product:1', 'POST http://a/x', 'http://']) t.equal(nameOf(other), undefined)
  t.equal(shortName({ url: 'http://a/x?y=1', selects: [] }), '/x?y=1')
})
