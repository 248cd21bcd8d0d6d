import console from '@weir/console'
import { securitySchemes } from '@weir/fastify/auth'
import conditional from '@weir/fastify/conditional'
import redis from '@weir/fastify/redis'
import responseCache from '@weir/fastify/response-cache'
import service, { instanceName, serverOptions, telemetryOf } from '@weir/fastify/service'
import telemetry from '@weir/fastify/telemetry'
import { fastify, type FastifyInstance } from 'fastify'
import { registerClients } from './clients.js'
import { registerCounting } from './counting.js'
import { demoUsers, loginUsers } from './demo-users.js'
import { databaseFile, type StatsEnv } from './env.js'
import { openStores } from './stores.js'

/**
 * Memory limit for the responses of an instance. They are fresh for a second; each time range that
 * clients choose adds another response.
 */
const L1 = { maxBytes: 8 * 1024 * 1024 }

/** Builds the stats service and its console, ready to listen or to be injected into. */
export async function buildApp (env: StatsEnv): Promise<FastifyInstance> {
  const app = fastify(serverOptions(env, { service: 'stats' }))
  await app.register(telemetry, telemetryOf(env, { service: 'stats', version: '0.1.0' }))
  await app.register(service, {
    name: 'stats',
    version: '0.1.0',
    title: 'Stats',
    description:
      'Activity of the caches and rate limits of all instances. Times are ms since 1970. Errors are problem documents (RFC 9457).',
    securitySchemes,
    maxEventLoopDelay: env.MAX_EVENT_LOOP_DELAY,
    checks: { database: () => app.console.checkDatabase() }
  })
  if (env.REDIS_URL !== undefined) {
    await app.register(redis, { url: env.REDIS_URL, commandTimeout: env.REDIS_COMMAND_TIMEOUT })
  }
  const stores = await openStores(app, env)

  await registerCounting(app, env)
  await registerClients(app, env, stores.limits)
  await app.register(conditional)
  await app.register(responseCache, {
    store: stores.cache,
    namespace: 'stats',
    name: instanceName(env, 'stats'),
    origin: 'http://stats',
    l1: L1
  })

  await app.register(console, {
    store: stores.metrics,
    cache: stores.services,
    journal: stores.journal,
    authorize (request, action) {
      if (action !== 'view') app.requireRole(request, 'admin')
      return true
    },
    file: databaseFile(env),
    ...(env.REDIS_URL !== undefined && { redis: app.redis }),
    demoUsers: () => demoUsers(app, env),
    // No token is accepted unless a secret is set, so none is issued.
    ...(env.JWT_SECRET !== undefined && env.LOGIN_CODE !== undefined && {
      login: { code: env.LOGIN_CODE, users: () => loginUsers(app) }
    })
  })
  return app
}
