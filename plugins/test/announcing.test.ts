import { createCache } from '@weir/cache'
import { memoryStore as cacheStore } from '@weir/cache/memory'
import { memoryStore } from '@weir/metrics'
import { fastify, type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import auth from '../auth/index.js'
import cacheAdmin from '../cache-admin/index.js'
import observability, { type ObservabilityOptions, UNCOUNTED } from '../observability/index.js'
import responseCache from '../response-cache/index.js'

type Step = (app: FastifyInstance) => Promise<void>
const NAMES = { service: 'demo', instance: 'demo-1' }
const jwt = [{ algorithm: 'HS256', secret: 'a secret of the tests, which is long enough' }] as const

async function announcedBy (t: Test, steps: (counting: Step) => readonly Step[]) {
  const app = fastify()
  t.teardown(() => app.close())
  const store = memoryStore()
  const counting: Step = async (app) => { await app.register(observability, { store, ...NAMES }) }
  for (const step of steps(counting)) await step(app)
  await app.ready()
  await app.close()
  const [state] = await store.instances()
  return state?.announced
}

const caching: Step = async (app) => {
  await app.register(auth, { jwt })
  await app.register(responseCache, { store: cacheStore(), namespace: 'shop', name: 'demo-1' })
}
const administration: Step = async (app) => {
  await app.register(async (scope) => {
    await scope.register(cacheAdmin, { prefix: '/cache', instance: 'demo-1' })
  }, { prefix: '/api' })
}
const routes: Step = async (app) => {
  const cache = { ttl: '1m' } as const
  const params = (schema: object) => ({ params: { properties: schema } })
  const answer = () => 'x'
  await app.register(async (scope) => {
    scope.get('/plain', { config: { cache: { ...cache, tags: ['all', 'one:{id}'] } } }, answer)
  }, { prefix: '/v1' })
  app.get('/:id', { config: { cache }, schema: params({ id: { type: 'integer', examples: [7] } }) }, answer)
  app.get('/n/:name(\\w+)', { config: { cache }, schema: params({ name: { default: 'ä b' } }) }, answer)
  app.get('/u/:id', { config: { cache } }, answer)
  app.get('/f/*', { config: { cache } }, answer)
  app.get('/q', {
    config: { cache },
    schema: {
      querystring: {
        properties: { city: { type: 'string', examples: ['Berlin'] }, page: { type: 'integer' } },
        required: ['city']
      }
    }
  }, answer)
  app.get('/uncached', answer)
  app.get('/shown', { config: { examples: ['/shown?x=1'] } }, answer)
  app.post('/plain', answer)
}
const expected = {
  namespace: 'shop',
  demos: {},
  routes: [
    { url: '/v1/plain', cached: true, examples: ['/v1/plain'], tags: ['all'] },
    { url: '/:id', cached: true, examples: ['/7'], tags: [] },
    { url: '/n/:name(\\w+)', cached: true, examples: ['/n/%C3%A4%20b'], tags: [] },
    { url: '/u/:id', cached: true, examples: [], tags: [] },
    { url: '/f/*', cached: true, examples: [], tags: [] },
    { url: '/q', cached: true, examples: ['/q?city=Berlin'], tags: [] },
    { url: '/shown', cached: false, examples: ['/shown?x=1'], tags: [] }
  ]
}

t.test('an instance announces its routes, cache and administration, in any order', async (t) => {
  const before = await announcedBy(t, (counting) => [counting, caching, administration, routes])
  t.strictSame(before, { ...expected, cacheAdmin: ['/api/cache'] })
  const after = await announcedBy(t, (counting) => [caching, administration, counting, routes])
  t.strictSame(after, before)
})

t.test('without a response cache nothing is announced as cached', async (t) => {
  const announced = await announcedBy(t, (counting) => [counting, async (app) => {
    app.get('/a', { config: { cache: { ttl: '1m' } } }, () => 'x')
    await app.register(async (scope) => {
      scope.decorate(UNCOUNTED, true)
      scope.get('/console', { config: { examples: ['/console'] } }, () => 'x')
    })
  }])
  t.strictSame(announced, {
    cacheAdmin: [],
    demos: {},
    routes: [{ url: '/a', cached: false, examples: ['/a'], tags: [] }]
  })
})

t.test('caches that are not the response cache are administered, too', async (t) => {
  const cache = createCache<string>({ store: cacheStore(), namespace: 'own' })
  const announced = await announcedBy(t, (counting) => [
    counting,
    async (app) => {
      await app.register(auth, { jwt })
      await app.register(cacheAdmin, {
        prefix: '/own/cache',
        instance: 'demo-1',
        cache: { caches: { own: cache }, locate: async () => [], clear: () => cache.clear() }
      })
    }
  ])
  t.strictSame(announced?.cacheAdmin, ['/own/cache'])
})

t.test('what cannot be announced stops the boot, by name', async (t) => {
  const bad: [announce: unknown, name: string][] = [
    ['https://shop.example', 'announce'],
    [{ url: 'https://shop.example' }, 'announce.url'],
    [{ publicUrl: 'shop.example' }, 'announce.publicUrl'],
    [{ publicUrl: 'https://shop.example/' }, 'announce.publicUrl'],
    [{ demos: ['products'] }, 'announce.demos'],
    [{ demos: { products: 'https://shop.example' } }, 'announce.demos']
  ]
  for (const [announce, name] of bad) {
    const app = fastify()
    const options = { store: memoryStore(), ...NAMES, announce } as ObservabilityOptions
    await t.rejects(
      async () => { await app.register(observability, options) },
      { code: 'WEIR_ERR_PLUGIN_OPTION', message: new RegExp(name.replace('.', '\\.')) },
      name
    )
    await app.close()
  }
  const app = fastify()
  t.teardown(() => app.close())
  await app.register(observability, { store: memoryStore(), ...NAMES })
  t.throws(
    () => app.get('/a', { config: { examples: ['https://evil.example'] } }, () => 'x'),
    { code: 'WEIR_ERR_ROUTE_OPTION', message: /examples/ }
  )
})
