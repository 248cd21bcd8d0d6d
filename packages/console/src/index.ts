import { hostname } from 'node:os'
import { UNINVALIDATED } from '@weir/fastify/invalidation'
import { UNCOUNTED } from '@weir/fastify/observability'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { type Kysely, sql } from 'kysely'
import { Collector } from './collector/collector.js'
import { useOwnCompilers } from './compilers.js'
import { openDatabase } from './db/open.js'
import { type StatsSchema } from './db/schema.js'
import { EventLog } from './events/log.js'
import { answerErrors } from './answer-errors.js'
import { guard } from './guard.js'
import { Purges } from './journal/purges.js'
import { addPulse } from './live/pulse.js'
import { Viewers } from './live/viewers.js'
import { checkOptions, type ConsoleOptions } from './options.js'
import { originsOf } from './origins.js'
import { refuseForeignWrites } from './own-site.js'
import { registerPages } from './pages.js'
import { RedisFigures } from './redis/figures.js'
import { redisNodes } from './redis/nodes.js'
import { adviceRoute } from './routes/advice.js'
import { cachesRoute } from './routes/caches.js'
import { demoUsersRoute } from './routes/demo-users.js'
import { edgeRoutes } from './routes/edge.js'
import { eventsRoute } from './routes/events.js'
import { historyRoute } from './routes/history.js'
import { instancesRoute } from './routes/instances.js'
import { journalRoutes } from './routes/journal.js'
import { keysRoutes } from './routes/keys.js'
import { limitsRoutes } from './routes/limits.js'
import { liveRoute } from './routes/live.js'
import { loginRoute } from './routes/login.js'
import { redisRoute } from './routes/redis.js'
import { routesRoute } from './routes/routes.js'
import { servicesRoute } from './routes/services.js'
import { summaryRoute } from './routes/summary.js'

export type { Action, Authorize } from './guard.js'
export { CODE_PATTERN } from './login/code.js'
export type { Tick } from './live/ticker.js'
export type { ConsoleOptions } from './options.js'
export type { DemoUser } from './routes/demo-users.js'
export type { RedisClient } from './redis/nodes.js'

declare module 'fastify' {
  interface FastifyInstance {
    console: {
      /** Resolves to true when the database of the console answers; for readiness checks. */
      checkDatabase (): Promise<true>
    }
  }
}

/**
 * The console: pages at its prefix, and their API at `api/stats` below it. Its routes, hooks and
 * error handler are encapsulated, so an application can register several consoles.
 */
async function consolePlugin (app: FastifyInstance, options: ConsoleOptions): Promise<void> {
  checkOptions(options)
  const db = await openDatabase(options.file)
  // Hooks on close run in reverse order: the database closes after everything that writes to it.
  app.addHook('onClose', () => db.destroy())
  if (!app.hasDecorator('console')) {
    app.decorate('console', {
      async checkDatabase () {
        await sql`select 1`.execute(db)
        return true
      }
    })
  }
  const { prefix, logLevel } = options
  await app.register(async (scope) => { await scoped(scope, options, db) }, {
    ...(prefix !== undefined && prefix !== '/' && { prefix: prefix.replace(/\/$/, '') }),
    ...(logLevel !== undefined && { logLevel })
  })
}

async function scoped (
  app: FastifyInstance,
  options: ConsoleOptions,
  db: Kysely<StatsSchema>
): Promise<void> {
  const { store, authorize, redis, demoUsers = () => [], login } = options
  const { requests } = store
  // Requests to the console are excluded from the counts that it shows.
  if (app.hasDecorator('observability') && app.observability.store === store) {
    app.decorate(UNCOUNTED, true)
  }
  // A write to the console changes no response of the application.
  app.decorate(UNINVALIDATED, true)
  useOwnCompilers(app)
  answerErrors(app)
  app.addHook('onRequest', refuseForeignWrites)
  const figures = redis === undefined
    ? undefined
    : new RedisFigures({ nodes: redisNodes(redis), log: app.log })
  const collector = new Collector({ store, db, log: app.log })
  const viewers = new Viewers()
  const purges = options.journal && new Purges(options.journal, `console@${hostname()}`)
  app.addHook('onClose', async () => { await purges?.close() })
  const events = new EventLog({ db, log: app.log })
  addPulse(app, { collector, events, redis: figures, viewers })

  await app.register(async (guarded) => {
    // The guard covers every route here, including pages. It runs after onRequest hooks, which
    // identify the client.
    guarded.addHook('preParsing', guard(authorize, 'view'))
    const source = { db, collector, authorize }
    const routes = [
      summaryRoute,
      routesRoute,
      cachesRoute,
      instancesRoute,
      limitsRoutes,
      historyRoute,
      eventsRoute,
      adviceRoute
    ]
    for (const route of routes) await guarded.register(route, source)
    await guarded.register(servicesRoute, {
      collector,
      hasCaches: options.cache !== undefined,
      hasLogin: login !== undefined
    })
    await guarded.register(journalRoutes, { authorize, store: options.journal })
    const keys = { authorize, store: options.cache, collector, requests, purges }
    await guarded.register(keysRoutes, keys)
    await guarded.register(edgeRoutes, { authorize, collector, requests })
    await guarded.register(redisRoute, { redis: figures, collector })
    await guarded.register(liveRoute, { viewers })
    await guarded.register(demoUsersRoute, { users: demoUsers })
    await registerPages(guarded, { origins: () => originsOf(collector.presences) })
  })
  // Not guarded: clients that log in have not been identified yet.
  await app.register(loginRoute, { code: login?.code, db, users: login?.users ?? (() => []) })
}

export default fp(consolePlugin, { name: 'weir-console', fastify: '5.x' })
