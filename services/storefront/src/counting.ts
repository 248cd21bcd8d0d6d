import { join } from 'node:path'
import observability from '@weir/fastify/observability'
import { instanceName } from '@weir/fastify/service'
import shadow from '@weir/fastify/shadow'
import { redisStore } from '@weir/metrics/redis'
import { sqliteStore } from '@weir/metrics/sqlite'
import { type FastifyInstance } from 'fastify'
import { type StorefrontEnv } from './env.js'

/**
 * Counts requests and cache reads together with those of all services: in Redis, `app.redis`, else
 * in a file in DATA_DIR.
 */
export async function registerCounting (app: FastifyInstance, env: StorefrontEnv): Promise<void> {
  const store =
    env.REDIS_URL === undefined
      ? sqliteStore({ file: join(env.DATA_DIR, 'metrics.db') })
      : redisStore({ client: app.redis })
  app.addHook('onClose', () => store.close())
  await app.register(observability, {
    store,
    service: 'storefront',
    instance: instanceName(env, 'storefront'),
    caches: () => cachesOf(app),
    announce: { demos: env.LAB ? { lab: '/shop/lab' } : {} }
  })
  // Observes the routes without a response cache, for the console's advice.
  await app.register(shadow)
}

/**
 * Returns the caches besides that of whole pages, except views: they are counters and have to be
 * kept.
 */
function cachesOf ({ caches, fragments }: FastifyInstance) {
  return { fragments: fragments.cache, catalog: caches.catalog, queries: caches.queries }
}
