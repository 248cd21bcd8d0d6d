import { randomBytes } from 'node:crypto'
import auth from '@weir/fastify/auth'
import rateLimit from '@weir/fastify/rate-limit'
import { instanceCount, listed } from '@weir/fastify/service'
import { type LimitStore } from '@weir/limiter'
import { type FastifyInstance } from 'fastify'
import { type WeatherEnv } from './env.js'

/**
 * Limits each user with a token separately, and all others by address. Reading needs no token: a
 * token gives a client its own budget, and with the role `admin` allows purging.
 */
export async function registerClients (
  app: FastifyInstance,
  env: WeatherEnv,
  store: LimitStore
): Promise<void> {
  await app.register(rateLimit, {
    store,
    namespace: 'weather',
    instances: instanceCount(app, env),
    allow: listed(env.RATE_LIMIT_ALLOW),
    deny: listed(env.RATE_LIMIT_DENY),
    policies: [{ name: 'weather', limit: 50, window: '1s', burst: 100 }],
    tiers: { pro: { policies: [{ name: 'weather', limit: 500, window: '1s' }] } }
  })
  if (env.JWT_SECRET === undefined) app.log.warn('JWT_SECRET is not set: no token is accepted')
  await app.register(auth, {
    jwt: [{ algorithm: 'HS256', secret: env.JWT_SECRET ?? randomBytes(32).toString('hex') }]
  })
}
