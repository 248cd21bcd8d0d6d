import { fastify, type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { redisStore } from '@weir/limiter/redis'
import rateLimit from '../rate-limit/index.js'
import redis from '../redis/index.js'
import { standing, statuses } from './support/limited-app.js'
import { startRedis } from '@weir/internal/testing'

async function instance (
  t: Test,
  url: string,
  options = { commandTimeout: 5000 }
): Promise<FastifyInstance> {
  const app = fastify()
  t.teardown(() => app.close())
  await app.register(redis, { url, ...options })
  await app.register(rateLimit, {
    store: redisStore({ client: app.redis }),
    namespace: 'shop',
    instances: 2,
    limit: 6,
    window: '1h'
  })
  app.get('/x', async () => 'hello')
  app.get('/open', { config: { rateLimit: { onFailure: 'open' } } }, async () => 'hello')
  app.get('/closed', { config: { rateLimit: { onFailure: 'closed' } } }, async () => 'hello')
  return app
}

t.test('instances share one budget; without Redis each enforces its share of it', async (t) => {
  const server = await startRedis(t)
  const [a, b] = [await instance(t, server.url), await instance(t, server.url)]
  for (const [app, left] of [[a, 5], [b, 4], [a, 3], [b, 2], [a, 1], [b, 0]] as const) {
    t.match(standing(await app.inject('/x')), [200, new RegExp(`^"default";r=${left};`)])
  }
  for (const app of [a, b]) {
    t.match(standing(await app.inject('/x')), [429, /^"default";r=0;t=\d+$/, /^\d+$/])
  }

  await server.kill()
  for (const app of [a, b]) {
    const remoteAddress = '192.0.2.1'
    t.match((await app.inject({ url: '/x', remoteAddress })).headers, {
      ratelimit: /r=2;/,
      'ratelimit-policy': '"default";q=3;w=3600'
    })
    t.same(await statuses(app, 3, { url: '/x', remoteAddress }), [200, 200, 429])
    t.same(standing(await app.inject({ url: '/open', remoteAddress })), [200, undefined, undefined])
    t.same(standing(await app.inject({ url: '/closed', remoteAddress })), [503, undefined, '1'])
  }
})

t.test('Redis absent at boot: limits are still enforced', async (t) => {
  const app = await instance(t, 'redis://127.0.0.1:1', { commandTimeout: 100 })
  t.same(await statuses(app, 4, { url: '/x' }), [200, 200, 200, 429])
})
