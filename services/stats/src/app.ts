import { securitySchemes } from '@weir/fastify/auth'
import conditional from '@weir/fastify/conditional'
import redis from '@weir/fastify/redis'
import responseCache from '@weir/fastify/response-cache'
import service, { instanceName, serverOptions } from '@weir/fastify/service'
import { fastify, type FastifyInstance } from 'fastify'
import { sql } from 'kysely'
import { registerClients } from './clients.js'
import { Collector } from './collector/collector.js'
import { registerConsole } from './console.js'
import { registerCounting } from './counting.js'
import { openDatabase } from './db/open.js'
import { demoUsers, loginUsers } from './demo-users.js'
import { databaseFile, type StatsEnv } from './env.js'
import { addPulse } from './live/pulse.js'
import { Viewers } from './live/viewers.js'
import { cachesRoute } from './routes/caches.js'
import { demoUsersRoute } from './routes/demo-users.js'
import { historyRoute } from './routes/history.js'
import { instancesRoute } from './routes/instances.js'
import { limitsRoutes } from './routes/limits.js'
import { liveRoute } from './routes/live.js'
import { loginRoute } from './routes/login.js'
import { redisRoute } from './routes/redis.js'
import { routesRoute } from './routes/routes.js'
import { summaryRoute } from './routes/summary.js'
import { openStores } from './stores.js'

/**
 * Memory of an instance for responses, which are fresh for a second: of times that clients choose,
 * each is one more.
 */
const L1 = { maxBytes: 8 * 1024 * 1024 }

/** The stats service and its console, ready to listen or to be injected into. */
export async function buildApp (env: StatsEnv): Promise<FastifyInstance> {
  const app = fastify(serverOptions(env, { service: 'stats' }))
  const db = await openDatabase(databaseFile(env))
  // Of hooks on close, the last one added runs first: the database is closed when nobody writes any
  // more.
  app.addHook('onClose', () => db.destroy())
  await app.register(service, {
    name: 'stats',
    version: '0.1.0',
    title: 'Stats',
    description:
      'What caches and limits of all instances do. Times are ms since 1970. Errors are problem documents (RFC 9457).',
    securitySchemes,
    maxEventLoopDelay: env.MAX_EVENT_LOOP_DELAY,
    checks: {
      async database () {
        await sql`select 1`.execute(db)
        return true
      }
    }
  })
  if (env.REDIS_URL !== undefined) {
    await app.register(redis, { url: env.REDIS_URL, commandTimeout: env.REDIS_COMMAND_TIMEOUT })
  }
  const stores = await openStores(app, env)
  const collector = new Collector({ store: stores.metrics, db, log: app.log })
  const viewers = new Viewers()
  addPulse(app, { collector, redis: stores.redis, viewers })

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

  const figures = [
    summaryRoute,
    routesRoute,
    cachesRoute,
    instancesRoute,
    limitsRoutes,
    historyRoute
  ]
  for (const route of figures) await app.register(route, { db, collector })
  await app.register(redisRoute, { redis: stores.redis, collector })
  await app.register(liveRoute, { viewers })
  await app.register(demoUsersRoute, { users: () => demoUsers(app, env) })
  // Without a secret no token is accepted, so none is handed out.
  const code = env.JWT_SECRET === undefined ? undefined : env.LOGIN_CODE
  await app.register(loginRoute, { code, db, users: () => loginUsers(app) })
  await registerConsole(app)
  return app
}
