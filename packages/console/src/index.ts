import type { Store } from '@weir/cache'
import type { MetricsStore } from '@weir/metrics'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { sql } from 'kysely'
import { Collector } from './collector/collector.js'
import { openDatabase } from './db/open.js'
import { type Authorize } from './guard.js'
import { addPulse } from './live/pulse.js'
import { Viewers } from './live/viewers.js'
import { registerPages } from './pages.js'
import { RedisFigures } from './redis/figures.js'
import { type RedisClient, redisNodes } from './redis/nodes.js'
import { cachesRoute } from './routes/caches.js'
import { type DemoUser, demoUsersRoute } from './routes/demo-users.js'
import { historyRoute } from './routes/history.js'
import { instancesRoute } from './routes/instances.js'
import { limitsRoutes } from './routes/limits.js'
import { liveRoute } from './routes/live.js'
import { loginRoute } from './routes/login.js'
import { redisRoute } from './routes/redis.js'
import { routesRoute } from './routes/routes.js'
import { summaryRoute } from './routes/summary.js'

export type { Action, Authorize } from './guard.js'
export { CODE_PATTERN } from './login/code.js'
export type { Tick } from './live/ticker.js'
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

/** Options of the console. */
export interface ConsoleOptions {
  /** The store that instances report their counts to, see `@weir/fastify/observability`. */
  readonly store: MetricsStore
  /** Decides what clients may do. */
  readonly authorize: Authorize
  /** The store of the caches whose entries are shown and invalidated. Default: none is shown. */
  readonly cache?: Store
  /** SQLite file of the history of counts. Created if it does not exist. */
  readonly file: string
  /** The Redis to show figures of, single or Cluster. Default: none. */
  readonly redis?: RedisClient
  /** The users that every visitor may act as. Default: none. */
  readonly demoUsers?: () => DemoUser[]
  /** The code of a one-time login link, and the users that it yields. Default: no login link. */
  readonly login?: { readonly code: string, readonly users: () => DemoUser[] }
}

/** The console: pages at `/`, and the API that they read at `/api/stats`. */
async function consolePlugin (app: FastifyInstance, options: ConsoleOptions): Promise<void> {
  const { store, file, redis, demoUsers = () => [], login } = options
  const db = await openDatabase(file)
  // Hooks on close run last in, first out: the database closes after all that writes to it.
  app.addHook('onClose', () => db.destroy())
  app.decorate('console', {
    async checkDatabase () {
      await sql`select 1`.execute(db)
      return true
    }
  })
  const figures = redis === undefined
    ? undefined
    : new RedisFigures({ nodes: redisNodes(redis), log: app.log })
  const collector = new Collector({ store, db, log: app.log })
  const viewers = new Viewers()
  addPulse(app, { collector, redis: figures, viewers })

  const routes = [
    summaryRoute,
    routesRoute,
    cachesRoute,
    instancesRoute,
    limitsRoutes,
    historyRoute
  ]
  for (const route of routes) await app.register(route, { db, collector })
  await app.register(redisRoute, { redis: figures, collector })
  await app.register(liveRoute, { viewers })
  await app.register(demoUsersRoute, { users: demoUsers })
  await app.register(loginRoute, { code: login?.code, db, users: login?.users ?? (() => []) })
  await registerPages(app)
}

export default fp(consolePlugin, { name: 'weir-console', fastify: '5.x' })
