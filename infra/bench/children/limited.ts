// node limited.js --by weir|fastify|nothing [--redis URL] --limit N --window MS [--cached]
// node limited.js --by nothing --status 429 --text BODY --header NAME=VALUE...
//
// A Fastify route that sends a prebuilt Buffer behind a limit per address: Weir's or that of
// @fastify/rate-limit, in Redis or, without --redis, in its own memory. With --cached the response
// cache answers the route. With a status and a text the route sends these, prebuilt.
import { parseArgs } from 'node:util'
import fastifyRateLimit from '@fastify/rate-limit'
import { memoryStore as cacheStore } from '@weir/cache/memory'
import rateLimit from '@weir/fastify/rate-limit'
import responseCache from '@weir/fastify/response-cache'
import { type LimitStore, memoryStore } from '@weir/limiter'
import { redisStore } from '@weir/limiter/redis'
import { fastify } from 'fastify'
import { headersOf } from './headers.js'
import { listen } from './listen.js'
import { productBuffers } from './product.js'
import { connectRedis } from './redis-client.js'

const { values } = parseArgs({
  options: {
    by: { type: 'string', default: 'nothing' },
    redis: { type: 'string' },
    limit: { type: 'string', default: '1000' },
    window: { type: 'string', default: '1000' },
    cached: { type: 'boolean', default: false },
    status: { type: 'string', default: '200' },
    text: { type: 'string' },
    header: { type: 'string', multiple: true, default: [] }
  }
})
const [limit, window, status] = [Number(values.limit), Number(values.window), Number(values.status)]
// A namespace per process: other servers on the same Redis have other limits.
const namespace = `bench-${process.pid}-`
const bodies = productBuffers(1024)
const headers = { 'content-type': 'application/json; charset=utf-8', ...headersOf(values.header) }
const { text } = values
let asked = 0
let fills = 0

const app = fastify({ trustProxy: '127.0.0.1' })
const redis = values.redis === undefined ? undefined : await connectRedis(values.redis)
if (values.by === 'weir') {
  const store = redis === undefined ? memoryStore() : counted(redisStore({ client: redis }))
  await app.register(rateLimit, { store, namespace, limit, window })
} else if (values.by === 'fastify') {
  await app.register(fastifyRateLimit, {
    ...(redis && { redis }),
    nameSpace: namespace,
    max: limit,
    timeWindow: window
  })
}
if (values.cached) await app.register(responseCache, { store: cacheStore() })
app.get<{ Params: { id: string } }>(
  '/products/:id',
  { config: values.cached ? { cache: { ttl: '1h' } } : {} },
  (request, reply) => {
    fills++
    reply
      .code(status)
      .headers(headers)
      .send(text ?? bodies.get(request.params.id))
  }
)
await listen(app, () => ({ fills, asked }))

/** Counts decisions made by the store. Decisions from memory are not counted. */
function counted (store: LimitStore): LimitStore {
  return {
    ...store,
    take (...question) {
      asked++
      return store.take(...question)
    },
    lease (...question) {
      asked++
      return store.lease?.(...question) ?? Promise.reject(new Error('the store has no slices'))
    }
  }
}
