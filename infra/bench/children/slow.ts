// node slow.js --redis URL
//
// A service instance whose handler takes as long as the path specifies, and reports how long it
// took.
import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { redisStore } from '@weir/cache/redis'
import conditional from '@weir/fastify/conditional'
import invalidation from '@weir/fastify/invalidation'
import responseCache from '@weir/fastify/response-cache'
import { fastify } from 'fastify'
import { listen } from './listen.js'
import { connectRedis } from './redis-client.js'

const { values } = parseArgs({ options: { redis: { type: 'string', default: '' } } })
let runs = 0

const app = fastify()
await app.register(conditional)
// Instances on different ports are one site.
await app.register(responseCache, {
  store: redisStore({ client: await connectRedis(values.redis) }),
  origin: 'https://shop.example'
})
await app.register(invalidation)

interface Slow {
  Params: { ms: string, id: string }
}
app.get<Slow>('/cached/:ms/:id', {
  config: { cache: { ttl: '1h', tags: (request) => [tagOf(request.params)] } }
}, ({ params }) => answer(Number(params.ms)))
app.get<Slow>('/uncached/:ms/:id', ({ params }) => answer(Number(params.ms)))
app.post<Slow>(
  '/cached/:ms/:id',
  { config: { invalidates: (request) => [tagOf(request.params)] } },
  () => ({})
)
await listen(app, () => ({ fills: runs }))

async function answer (ms: number): Promise<{ took: number }> {
  runs++
  const began = performance.now()
  if (ms > 0) await setTimeout(ms)
  return { took: performance.now() - began }
}

function tagOf (params: unknown): string {
  return typeof params === 'object' && params !== null && 'id' in params
    ? `product:${String(params.id)}`
    : ''
}
