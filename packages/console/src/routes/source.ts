import { type Kysely } from 'kysely'
import { type Collector } from '../collector/collector.js'
import { type StatsSchema } from '../db/schema.js'
import { type Authorize } from '../guard.js'

/** The sources that routes answer from. */
export interface Source {
  readonly db: Kysely<StatsSchema>
  readonly collector: Collector
  readonly authorize: Authorize
}

/**
 * Config of routes that all clients read alike: one response a second. It is for
 * `@weir/fastify/response-cache`, and without effect where that is not registered.
 */
export const cached = { cache: { public: true, ttl: '1s' } } as const
