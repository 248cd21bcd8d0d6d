// node cold.js --store none|memory|redis [--redis URL] [--alone] [--count]
//
// A JSON route that is requested for another product each time: bare, or behind the response cache,
// which misses each time. --alone leaves out the plugins that usually accompany the cache. --count
// reports how many of Weir's functions were entered, which slows the server down.
import { parseArgs } from 'node:util'
import { memoryStore } from '@weir/cache/memory'
import { redisStore } from '@weir/cache/redis'
import conditional from '@weir/fastify/conditional'
import invalidation from '@weir/fastify/invalidation'
import responseCache from '@weir/fastify/response-cache'
import { fastify } from 'fastify'
import { cpuMicros, serveBenchmark } from './child.js'
import { countCalls } from './count-calls.js'
import { productOf } from './product.js'
import { connectRedis } from './redis-client.js'

const { values } = parseArgs({
  options: {
    store: { type: 'string', default: 'none' },
    redis: { type: 'string', default: '' },
    alone: { type: 'boolean', default: false },
    count: { type: 'boolean', default: false }
  }
})
let runs = 0

const app = fastify()
if (values.store !== 'none') {
  if (!values.alone) await app.register(conditional)
  const store =
    values.store === 'redis'
      ? redisStore({ client: await connectRedis(values.redis) })
      : memoryStore()
  await app.register(responseCache, { store })
  if (!values.alone) await app.register(invalidation)
}
app.get<{ Params: { id: string } }>('/products/:id', {
  config: { cache: { ttl: '1h', tags: ['products', 'product:{id}'] } }
}, (request, reply) => {
  runs++
  reply.send(productOf(request.params.id, 1024))
})
const url = await app.listen({ port: 0, host: '127.0.0.1' })
const calls = values.count ? countCalls() : () => 0
serveBenchmark({ url }, () => ({ cpuMicros: cpuMicros(), fills: runs, calls: calls() }))
