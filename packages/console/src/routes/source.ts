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
 * Config of routes whose response is the same for all clients: cached for one second. Used by
 * `@weir/fastify/response-cache`; without effect if that is not registered.
 */
export const cached = { cache: { public: true, ttl: '1s' } } as const
