import { randomBytes } from 'node:crypto'
import auth from '@weir/fastify/auth'
import rateLimit from '@weir/fastify/rate-limit'
import { instanceCount, listed } from '@weir/fastify/service'
import { type LimitStore } from '@weir/limiter'
import { type FastifyInstance } from 'fastify'
import { type StatsEnv } from './env.js'

/**
 * Rate-limits users with a token by name, and all other clients by address. Reads need no token,
 * except denied clients, which only admins may list. Other tokens merely give a client its own
 * budget.
 */
export async function registerClients (
  app: FastifyInstance,
  env: StatsEnv,
  store: LimitStore
): Promise<void> {
  await app.register(rateLimit, {
    store,
    namespace: 'stats',
    instances: instanceCount(app, env),
    allow: listed(env.RATE_LIMIT_ALLOW),
    deny: listed(env.RATE_LIMIT_DENY),
    policies: [{ name: 'stats', limit: 50, window: '1s', burst: 100 }]
  })
  // If no secret is set, a random one ensures that no token is accepted: no client is an admin.
  const secret = env.JWT_SECRET ?? randomBytes(32).toString('hex')
  await app.register(auth, { jwt: [{ algorithm: 'HS256', secret }] })
}
