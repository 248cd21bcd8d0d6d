import { memoryStore } from '@weir/cache/memory'
import responseCache from '@weir/fastify/response-cache'
import { fastify, type FastifyInstance } from 'fastify'

/** An app of a user of `weir audit`, with one fault. */
export async function buildApp (): Promise<FastifyInstance> {
  const app = fastify()
  await app.register(responseCache, { store: memoryStore(), name: 'audited' })
  app.get('/', async () => ({ id: 7 }))
  app.get('/shop/:id', { config: { cache: { ttl: '1m' } } }, async ({ headers }, reply) => {
    const shop = String(headers['x-shop'] ?? 'main')
    return await reply.type('text/plain').send(`Shop ${shop}`)
  })
  return app
}
