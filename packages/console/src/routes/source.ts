import { type Kysely } from 'kysely'
import { type Collector } from '../collector/collector.js'
import { type StatsSchema } from '../db/schema.js'

/** What routes answer from. */
export interface Source {
  readonly db: Kysely<StatsSchema>
  readonly collector: Collector
}

/** Everybody looks at the same few pages, and there is something new each second. */
export const cached = { cache: { public: true, ttl: '1s' } } as const
