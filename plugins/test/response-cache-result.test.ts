import { mock } from 'node:test'
import t from 'tap'
import { memoryStore } from '@weir/cache/memory'
import type { FastifyInstance } from 'fastify'
import type { CacheResult } from '../response-cache/index.js'
import { arrivals, cachedApp, counted, gate } from './support/cached-app.js'

/**
 * Returns the cache results of all requests, including the application's own, in the order of
 * completion.
 */
function results (app: FastifyInstance): (CacheResult | null)[] {
  const seen: (CacheResult | null)[] = []
  app.addHook('onResponse', (request, _reply, done) => {
    seen.push(request.cacheResult)
    done()
  })
  return seen
}

t.test(
  'a miss, and its hits from memory and from the store, name the instance that computed the response',
  async (t) => {
    const store = memoryStore()
    const [a, b] = [
      await cachedApp(t, { store, name: 'a' }),
      await cachedApp(t, { store, name: 'b' })
    ]
    const seen = [results(a), results(b)]
    for (const app of [a, b]) app.get('/x', { config: { cache: { ttl: '60s' } } }, async () => 'x')
    for (const app of [a, a, b, b]) await app.inject('/x')
    t.match(seen, [
      [
        { outcome: 'miss', cost: 0 },
        { outcome: 'l1', filledBy: 'a', cost: Number }
      ],
      [
        { outcome: 'l2', filledBy: 'a', cost: Number },
        { outcome: 'l1', filledBy: 'a', cost: Number }
      ]
    ])
  }
)

t.test('one computes, others wait for it', async (t) => {
  const app = await cachedApp(t)
  const seen = results(app)
  const arrived = arrivals(app, 3)
  const { open, opened } = gate()
  app.get('/x', { config: { cache: { ttl: '60s' } } }, async () => {
    await opened
    return 'x'
  })
  const answers = [1, 2, 3].map(() => app.inject(counted('/x')))
  await arrived
  open()
  await Promise.all(answers)
  t.same(seen.map((result) => result?.outcome).sort(), ['coalesced', 'coalesced', 'miss'])
})

t.test('unstored responses have a reason; without a cache there is no result', async (t) => {
  const app = await cachedApp(t)
  const seen = results(app)
  app.get('/private', { config: { cache: { ttl: '60s' } } }, async (_request, reply) =>
    reply.header('cache-control', 'private').send('x')
  )
  app.get('/broken', { config: { cache: { ttl: '60s' } } }, async () => {
    throw new Error('broken')
  })
  app.get('/free', async () => 'x')
  app.route({
    method: ['GET', 'POST'],
    url: '/any',
    config: { cache: { ttl: '60s' } },
    handler: async () => 'x'
  })
  for (const url of ['/private', '/broken', '/free']) await app.inject(url)
  await app.inject({ method: 'POST', url: '/any' })
  await app.inject({ method: 'HEAD', url: '/any' })
  await app.inject({ url: '/any', headers: { 'cache-control': 'no-store' } })
  t.match(seen, [
    { outcome: 'bypass', reason: 'PRIVATE' },
    { outcome: 'bypass', reason: 'STATUS' },
    null,
    { outcome: 'bypass', reason: 'METHOD' },
    { outcome: 'bypass', reason: 'HEAD' },
    { outcome: 'bypass', reason: 'REQUEST_NO_STORE' }
  ])
})

t.test('stale, and the following refill, which is no client\'s request', async (t) => {
  mock.timers.enable({ apis: ['Date'], now: Date.UTC(2026, 0, 1) })
  t.teardown(() => mock.timers.reset())
  const app = await cachedApp(t, { name: 'a' })
  const seen = results(app)
  const refilled = gate()
  let runs = 0
  app.get(
    '/x',
    { config: { cache: { ttl: '1s', staleWhileRevalidate: '1m', staleIfError: '1h' } } },
    async () => {
      if (++runs === 2) refilled.open()
      if (runs > 2) throw new Error('broken')
      return `x${runs}`
    }
  )
  await app.inject('/x')
  mock.timers.tick(2000)
  await app.inject('/x')
  await refilled.opened
  mock.timers.tick(200_000)
  await app.inject('/x')
  t.match(seen.filter((result) => result?.outcome !== 'refill'), [
    { outcome: 'miss' }, { outcome: 'stale', filledBy: 'a' }, { outcome: 'stale', filledBy: 'a' }
  ])
  t.equal(seen.filter((result) => result?.outcome === 'refill').length, 1)
})

t.test('a response that was invalidated meanwhile counts as a miss', async (t) => {
  const app = await cachedApp(t)
  const seen = results(app)
  app.get('/x', { config: { cache: { ttl: '60s', tags: ['x'] } } }, async () => {
    await app.responseCache.invalidate(['x'])
    return 'x'
  })
  await app.inject('/x')
  t.match(seen, [{ outcome: 'miss', reason: 'INVALIDATED' }])
})
