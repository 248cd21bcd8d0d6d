// node limited.js --by weir|fastify|nothing --redis URL --limit N --window MS [--exhausted]
// A Fastify route that sends a prebuilt Buffer, behind a limit for each address: Weir's, or that of @fastify/rate-limit with its own Redis
// store. Exhausted: every client's budget is used up before the benchmark begins.
import { parseArgs } from 'node:util'
import fastifyRateLimit from '@fastify/rate-limit'
import rateLimit from '@weir/fastify/rate-limit'
import type { LimitStore } from '@weir/limiter'
import { redisStore } from '@weir/limiter/redis'
import { fastify } from 'fastify'
import { listen } from './listen.js'
import { clientOf, PRODUCTS, productBuffers } from './product.js'
import { connectRedis } from './redis-client.js'

const { values } = parseArgs({
  options: {
    by: { type: 'string', default: 'nothing' },
    redis: { type: 'string', default: '' },
    limit: { type: 'string', default: '1000' },
    window: { type: 'string', default: '1000' },
    exhausted: { type: 'boolean', default: false }
  }
})
const [limit, window] = [Number(values.limit), Number(values.window)]
// Budgets of its own: others in the same Redis have other limits.
const namespace = `bench-${process.pid}-`
const bodies = productBuffers(1024)
let asked = 0

const app = fastify({ trustProxy: '127.0.0.1' })
if (values.by === 'weir') {
  const store = counted(redisStore({ client: await connectRedis(values.redis) }))
  await app.register(rateLimit, { store, namespace, limit, window })
} else if (values.by === 'fastify') {
  const redis = await connectRedis(values.redis)
  await app.register(fastifyRateLimit, { redis, nameSpace: namespace, max: limit, timeWindow: window })
}
app.get<{ Params: { id: string } }>('/products/:id', (request, reply) => {
  reply.header('content-type', 'application/json; charset=utf-8').send(bodies.get(request.params.id))
})
if (values.exhausted) {
  for (let id = 0; id < PRODUCTS; id++) {
    for (let i = 0; i < limit; i++) await app.inject({ path: `/products/${id}`, headers: clientOf(`${id}`) })
  }
}
await listen(app, () => ({ fills: 0, asked }))

/** Counts how often it is asked. What is denied from memory is not. */
function counted (store: LimitStore): LimitStore {
  return {
    ...store,
    take (key, policies, cost) {
      asked++
      return store.take(key, policies, cost)
    }
  }
}
