import { join } from 'node:path'
import rateLimit, { type RouteLimitOptions } from '@weir/fastify/rate-limit'
import { instanceCount, listed } from '@weir/fastify/service'
import { redisStore } from '@weir/limiter/redis'
import { sqliteStore } from '@weir/limiter/sqlite'
import { type FastifyInstance } from 'fastify'
import { OWN_ADDRESS } from './compare/own-requests.js'
import { type CatalogEnv } from './env.js'

/**
 * Limit of all writes together. Few people type faster; an import writes to the database directly.
 */
export const writeLimit = {
  group: 'writes',
  policies: [
    { name: 'writes', limit: 10, window: '1s', burst: 20 },
    { name: 'writes-per-hour', limit: 3600, window: '1h', algorithm: 'sliding-window' }
  ],
  tiers: { pro: { policies: [{ name: 'writes', limit: 100, window: '1s' }] } }
} as const satisfies RouteLimitOptions

/**
 * Registers the limits that all instances share: in the Redis of REDIS_URL, else in a file beside
 * the database. The limit declared here is for reads, and for unknown paths.
 */
export async function registerLimits (app: FastifyInstance, env: CatalogEnv): Promise<void> {
  const store =
    env.REDIS_URL === undefined
      ? sqliteStore({ file: join(env.DATA_DIR, 'limits.db') })
      : redisStore({ client: app.redis })
  app.addHook('onClose', () => store.close())
  await app.register(rateLimit, {
    store,
    namespace: 'catalog',
    instances: instanceCount(app, env),
    allow: [...listed(env.RATE_LIMIT_ALLOW), OWN_ADDRESS],
    deny: listed(env.RATE_LIMIT_DENY),
    policies: [{ name: 'reads', limit: 100, window: '1s', burst: 200 }],
    tiers: { pro: { policies: [{ name: 'reads', limit: 1000, window: '1s' }] } }
  })
}
