import { type Announcement, memoryStore, RouteSample } from '@weir/metrics'
import { fastify } from 'fastify'
import t from 'tap'
import consolePlugin from '../src/index.js'
import { type InstanceState } from '@weir/metrics'
import { state } from './support/records.js'

const announced: Announcement = {
  publicUrl: 'https://shop.example/api',
  namespace: 'responses',
  cacheAdmin: ['/cache'],
  demos: { products: '/products' },
  routes: [{ url: '/products/:id', cached: true, examples: ['/products/1'], tags: ['products'] }]
}
const nothing = {
  publicUrl: null, namespace: null, cacheAdmin: [], demos: {}, routes: []
}

t.test('services are listed with what their latest process announces', async (t) => {
  const store = memoryStore()
  const now = Date.now()
  const write = (run: string, more: Partial<InstanceState>) =>
    store.write(state(now, { run, ...more }), [])
  await write('1', { service: 'shop', instance: 'shop-1', startedAt: 1, announced: { ...announced, cacheAdmin: [] } })
  await write('2', { service: 'shop', instance: 'shop-2', startedAt: 2, announced })
  await write('3', { service: 'shop', instance: 'shop-3', startedAt: 3 })
  await write('4', { service: 'shop', instance: 'shop-4', startedAt: 4, at: now - 60_000 })
  await write('5', { service: 'older', instance: 'older-1' })
  const app = fastify()
  t.teardown(() => app.close())
  await app.register(consolePlugin, { store, authorize: () => true })
  const { services } = (await app.inject('/api/stats/services')).json<{ services: unknown[] }>()
  t.strictSame(services, [
    { service: 'older', instances: ['older-1'], ...nothing },
    { service: 'shop', instances: ['shop-1', 'shop-2', 'shop-3'], ...announced }
  ])
  const page = await app.inject('/')
  t.match(page.headers['content-security-policy'], "connect-src 'self' https://shop.example;")
})

t.test('an announced address that is none does not get into the policy', async (t) => {
  const store = memoryStore()
  const publicUrl = "https://a.example; script-src 'unsafe-inline'"
  await store.write(state(Date.now(), { announced: { ...announced, publicUrl } }), [])
  const app = fastify()
  t.teardown(() => app.close())
  await app.register(consolePlugin, { store, authorize: () => true })
  t.match((await app.inject('/')).headers['content-security-policy'], "connect-src 'self';")
})

t.test('no services yet', async (t) => {
  const app = fastify()
  t.teardown(() => app.close())
  await app.register(consolePlugin, { store: memoryStore(), authorize: () => true })
  t.match((await app.inject('/api/stats/services')).json(), { services: [] })
})

t.test('advice is that of all processes of the last day', async (t) => {
  const store = memoryStore()
  const finding = {
    ...new RouteSample('GET /products/:id', 0).finding(3_600_000),
    requests: 3600,
    sampled: 3600,
    weight: 3600,
    eligible: 3600,
    hits: [0, 1000, 3000, 3400, 3450, 3500, 3500],
    judged: [0, 1000, 3000, 3400, 3450, 3500, 3500],
    headers: { accept: { same: 0, differ: 1, proven: 1 } },
    intervals: 200,
    changes: 3,
    writes: { 'PUT /products/:id': [3, 0] as const },
    probes: 200,
    micros: 20_000
  }
  const now = Date.now()
  const routes = [{ route: 'GET /cached', cache: {} }]
  await store.write(state(now, { run: '1', service: 'shop', shadow: [finding] }), [])
  await store.write(
    state(now, { run: '2', service: 'shop', shadow: [finding], endedAt: now, routes }), [])
  await store.write(state(now, {
    run: '3', service: 'shop', shadow: [new RouteSample('GET /new', 0).finding(1)]
  }), [])
  const app = fastify()
  t.teardown(() => app.close())
  await app.register(consolePlugin, { store, authorize: () => true })
  t.match((await app.inject('/api/stats/advice')).json(), {
    routes: [
      {
        service: 'shop',
        route: 'GET /products/:id',
        instances: 2,
        verdict: 'cache',
        requests: 7200,
        cache: { ttl: '1m', vary: ['accept'], tags: ['products', 'product:{id}'] },
        code: /^config: { cache: { ttl: '1m'/,
        writes: [{ route: 'PUT /products/:id', invalidates: ['products', 'product:{id}'] }],
        candidates: [{ ttl: '1s', staleShare: null }]
      },
      { route: 'GET /new', verdict: 'more-data', cache: null, expected: null, missing: 200 }
    ],
    cached: [{ service: 'shop', route: 'GET /cached' }]
  })
})
