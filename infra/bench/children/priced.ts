// node priced.js --redis URL --work ROUNDS
//
// An instance with the plugins as users register them over Redis, and one cached route, whose
// handler takes CPU time: so many rounds of a hash.
import { pbkdf2Sync } from 'node:crypto'
import { parseArgs } from 'node:util'
import { redisStore } from '@weir/cache/redis'
import conditional from '@weir/fastify/conditional'
import invalidation from '@weir/fastify/invalidation'
import responseCache from '@weir/fastify/response-cache'
import { fastify } from 'fastify'
import { listen } from './listen.js'
import { productOf } from './product.js'
import { connectRedis } from './redis-client.js'

const { values } = parseArgs({
  options: {
    redis: { type: 'string', default: '' },
    work: { type: 'string', default: '1' }
  }
})
const rounds = Number(values.work)
let fills = 0
const app = fastify()
await app.register(conditional)
await app.register(responseCache, {
  store: redisStore({ client: await connectRedis(values.redis) }), name: 'priced'
})
await app.register(invalidation)
app.get<{ Params: { id: string } }>('/products/:id', {
  config: { cache: { ttl: '1h', tags: ['products', 'product:{id}'] } }
}, (request, reply) => {
  fills++
  pbkdf2Sync(request.params.id, 'salt', rounds, 32, 'sha256')
  reply.send(productOf(request.params.id, 1024))
})
await listen(app, () => ({ fills }))
