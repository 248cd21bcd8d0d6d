import auth, { createApiKey, type StoredApiKey } from '@weir/fastify/auth'
import rateLimit from '@weir/fastify/rate-limit'
import redis from '@weir/fastify/redis'
import { memoryStore } from '@weir/limiter'
import { redisStore } from '@weir/limiter/redis'
import closeWithGrace from 'close-with-grace'
import Fastify from 'fastify'

const { REDIS_URL, PORT = '3000' } = process.env
const app = Fastify()

// Instances that share a Redis share the limits.
if (REDIS_URL !== undefined) await app.register(redis, { url: REDIS_URL })
await app.register(rateLimit, {
  store: REDIS_URL === undefined ? memoryStore() : redisStore({ client: app.redis }),
  namespace: 'rate-limits-example',
  // Limits apply per user, or per address without one.
  limit: 5,
  window: '1m',
  tiers: { pro: { limit: 20, window: '1m' } }
})

// A real application keeps the hashes in its database.
const ann = createApiKey('ann')
const ben = createApiKey('ben')
const keys = new Map<string, StoredApiKey>([
  ['ann', { hash: ann.hash, user: { id: 'ann', role: 'reader', tier: 'pro' } }],
  ['ben', { hash: ben.hash, user: { id: 'ben', role: 'reader' } }]
])
await app.register(auth, { apiKeys: (id) => keys.get(id) })

app.get('/', async ({ user }) => ({ hello: user?.id ?? 'stranger' }))

// Expensive route: each request costs five of the budget that all routes share.
app.get('/report', {
  config: { role: 'reader', rateLimit: { cost: 5 } }
}, async () => ({ report: 'long' }))

// Two policies of the route's own: both must allow the request.
app.post('/orders', {
  config: {
    rateLimit: {
      policies: [
        { name: 'burst', limit: 2, window: '10s' },
        { name: 'day', limit: 100, window: '1d', algorithm: 'sliding-window' }
      ]
    }
  }
}, async (_request, reply) => reply.code(201).send({ ordered: true }))

app.get('/health', { config: { rateLimit: false } }, async () => ({ ok: true }))

closeWithGrace(() => app.close())
console.log(`Listening on ${await app.listen({ host: '127.0.0.1', port: Number(PORT) })}`)
console.log(`export ANN=${ann.key} BEN=${ben.key}`)
