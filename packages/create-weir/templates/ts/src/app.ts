import conditional from '@weir/fastify/conditional'
import invalidation from '@weir/fastify/invalidation'
import rateLimit from '@weir/fastify/rate-limit'
import responseCache from '@weir/fastify/response-cache'
import { memoryStore } from '@weir/fastify/stores/memory'
import { memoryStore as limitStore } from '@weir/limiter'
import Fastify, { type FastifyServerOptions } from 'fastify'

/** Builds the app without listening, so that tests can inject requests. */
export async function buildApp (options: FastifyServerOptions = {}) {
  const app = Fastify(options)
  // The order matters: hits are rate-limited too.
  await app.register(rateLimit, { store: limitStore(), limit: 100, window: '1s' })
  await app.register(conditional)
  await app.register(responseCache, { store: memoryStore() })
  await app.register(invalidation)

  const prices = new Map([['kettle', 50]])

  app.get<{ Params: { id: string } }>('/products/:id', {
    config: { cache: { ttl: '1m', tags: ['product:{id}'] } }
  }, async ({ params: { id } }, reply) => {
    const price = prices.get(id)
    return price === undefined ? reply.callNotFound() : { id, price }
  })

  app.put<{ Params: { id: string }, Body: { price: number } }>('/products/:id', {
    schema: {
      body: { type: 'object', required: ['price'], properties: { price: { type: 'number', minimum: 0 } } }
    },
    config: {
      invalidates: ['product:{id}'],
      rateLimit: { limit: 10, window: '1m' }
    }
  }, async ({ params: { id }, body: { price } }) => {
    prices.set(id, price)
    return { id, price }
  })

  return app
}
