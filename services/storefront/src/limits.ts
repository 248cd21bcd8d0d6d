import { join } from 'node:path'
import rateLimit, { type RouteLimitOptions } from '@weir/fastify/rate-limit'
import { instanceCount, listed } from '@weir/fastify/service'
import { redisStore } from '@weir/limiter/redis'
import { sqliteStore } from '@weir/limiter/sqlite'
import { type FastifyInstance } from 'fastify'
import { type StorefrontEnv } from './env.js'

/** Limit of all forms together: few people send them faster. */
export const formLimit = {
  group: 'forms',
  policies: [{ name: 'forms', limit: 10, window: '1s', burst: 20 }]
} as const satisfies RouteLimitOptions

/**
 * Limit of the lab: its largest load, 400 requests plus the uncounted ones, three times a minute.
 */
export const labLimit = {
  group: 'lab',
  policies: [{ name: 'lab', limit: 1500, window: '1m' }]
} as const satisfies RouteLimitOptions

/** Registers the limits that all instances share, for pages and unknown paths. */
export async function registerLimits (app: FastifyInstance, env: StorefrontEnv): Promise<void> {
  const store =
    env.REDIS_URL === undefined
      ? sqliteStore({ file: join(env.DATA_DIR, 'limits.db') })
      : redisStore({ client: app.redis })
  app.addHook('onClose', () => store.close())
  await app.register(rateLimit, {
    store,
    namespace: 'storefront',
    instances: instanceCount(app, env),
    allow: listed(env.RATE_LIMIT_ALLOW),
    deny: listed(env.RATE_LIMIT_DENY),
    policies: [{ name: 'pages', limit: 100, window: '1s', burst: 200 }],
    tiers: { pro: { policies: [{ name: 'pages', limit: 1000, window: '1s' }] } }
  })
}
