import '@weir/fastify/response-cache'
import { type FastifyContextConfig, type FastifyInstance } from 'fastify'
import { type Kysely } from 'kysely'
import { type Collector } from '../collector/collector.js'
import { type StatsSchema } from '../db/schema.js'
import { type Authorize } from '../guard.js'

/** The data sources of routes. */
export interface Source {
  readonly db: Kysely<StatsSchema>
  readonly collector: Collector
  readonly authorize: Authorize
}

/**
 * Returns the config of routes whose response is the same for all clients: cached for one second if
 * the console is the whole application, such as a stats service. Within an application, responses
 * of the console would be stored and listed among its own. Without
 * `@weir/fastify/response-cache`, other plugins reject a declaration that nothing enforces.
 */
export const cachedIn = (app: FastifyInstance): FastifyContextConfig =>
  app.prefix === '' && app.hasDecorator('responseCache')
    ? { cache: { public: true, ttl: '1s' } }
    : {}
