import { join } from 'node:path'
import observability, { type BacklogSource } from '@weir/fastify/observability'
import { instanceName } from '@weir/fastify/service'
import shadow from '@weir/fastify/shadow'
import { redisStore } from '@weir/metrics/redis'
import { sqliteStore } from '@weir/metrics/sqlite'
import { type FastifyInstance } from 'fastify'
import { type CatalogEnv } from './env.js'

/**
 * Counts requests together with those of all instances and services: in the Redis of REDIS_URL,
 * `app.redis`, else in a file beside the database.
 */
export async function registerCounting (
  app: FastifyInstance,
  env: CatalogEnv,
  outbox: BacklogSource
): Promise<void> {
  const store =
    env.REDIS_URL === undefined
      ? sqliteStore({ file: join(env.DATA_DIR, 'metrics.db') })
      : redisStore({ client: app.redis })
  app.addHook('onClose', () => store.close())
  await app.register(observability, {
    store,
    service: 'catalog',
    instance: instanceName(env, 'catalog'),
    outbox,
    announce: { demos: { products: '/api/products', compare: '/api/catalog/compare' } }
  })
  // Observes the routes without a response cache, for the console's advice.
  await app.register(shadow)
}
