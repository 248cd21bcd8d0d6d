import { securitySchemes } from '@weir/fastify/auth'
import cacheAdmin from '@weir/fastify/cache-admin'
import conditional from '@weir/fastify/conditional'
import edgePlugin from '@weir/fastify/edge'
import invalidation from '@weir/fastify/invalidation'
import redis from '@weir/fastify/redis'
import service, {
  databaseOf, instanceName, listed, serverOptions, telemetryOf
} from '@weir/fastify/service'
import telemetry from '@weir/fastify/telemetry'
import { fastify, type FastifyInstance } from 'fastify'
import { sql } from 'kysely'
import { registerAccess } from './access.js'
import { categoryRoutes } from './categories/routes.js'
import { markOwnRequests } from './compare/own-requests.js'
import { compareRoutes } from './compare/routes.js'
import { registerCounting } from './counting.js'
import { openCatalog } from './db/open.js'
import { openOutbox } from './db/outbox.js'
import { type CatalogEnv, DATABASE_FILE } from './env.js'
import { registerJournal } from './journal.js'
import { registerLimits } from './limits.js'
import { productReadRoutes } from './products/read-routes.js'
import { productWriteRoutes } from './products/write-routes.js'
import { describeStatuses } from './described-statuses.js'
import { registerSharedCache } from './shared-cache.js'

/** Builds the catalog, ready to listen or to be injected into. Closing it closes its database. */
export async function buildApp (env: CatalogEnv): Promise<FastifyInstance> {
  const app = fastify(serverOptions(env, { service: 'catalog' }))
  const location = databaseOf(env, DATABASE_FILE)
  const database = await openCatalog(location, listed(env.DATABASE_REPLICA_URL))
  const { outbox, edge, close } = await openOutbox(
    location,
    (tags) => app.responseCache.invalidate(tags),
    env
  )
  app.addHook('onReady', () => outbox.start())
  app.addHook('onClose', async () => {
    await close()
    await database.close()
  })

  await app.register(telemetry, telemetryOf(env, { service: 'catalog', version: '0.1.0' }))
  await app.register(service, {
    name: 'catalog',
    version: '0.1.0',
    title: 'Catalog',
    description:
      'Products and categories of a shop. Prices are integers in minor units. Errors are problem documents (RFC 9457).',
    securitySchemes,
    transform: describeStatuses,
    maxEventLoopDelay: env.MAX_EVENT_LOOP_DELAY,
    checks: {
      async database () {
        await sql`select 1`.execute(database.read)
        return true
      }
    }
  })
  if (env.REDIS_URL !== undefined) {
    await app.register(redis, { url: env.REDIS_URL, commandTimeout: env.REDIS_COMMAND_TIMEOUT })
  }
  await registerCounting(app, env, outbox)
  await registerLimits(app, env)
  await registerAccess(app, env)
  await app.register(conditional)
  if (edge !== undefined) await app.register(edgePlugin, { edge })
  const store = await registerSharedCache(app, env, outbox)
  await registerJournal(app, env)
  await app.register(cacheAdmin, {
    prefix: '/api/catalog/cache',
    instance: instanceName(env, 'catalog')
  })
  await app.register(invalidation, { outbox })
  markOwnRequests(app)

  await app.register(productReadRoutes, { database })
  await app.register(productWriteRoutes, { database, outbox })
  await app.register(categoryRoutes, { database, outbox })
  await app.register(compareRoutes, { claims: store.namespace('comparisons').entries })
  return app
}
