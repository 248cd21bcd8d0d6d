import { randomBytes } from 'node:crypto'
import auth from '@weir/fastify/auth'
import rateLimit from '@weir/fastify/rate-limit'
import { instanceCount, listed } from '@weir/fastify/service'
import { type LimitStore } from '@weir/limiter'
import { type FastifyInstance } from 'fastify'
import { type StatsEnv } from './env.js'

/**
 * Limits each user that a token names, and all others by their address. Everybody may read all but
 * who was denied, which is for admins; any other token is for having a budget of one's own.
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
  // Without a secret nobody is an admin: no token is accepted.
  const secret = env.JWT_SECRET ?? randomBytes(32).toString('hex')
  await app.register(auth, { jwt: [{ algorithm: 'HS256', secret }] })
}
