import { join } from 'node:path'
import { type Store } from '@weir/cache'
import { redisStore as redisCache } from '@weir/cache/redis'
import { sqliteStore as sqliteCache } from '@weir/cache/sqlite'
import { patientClient } from '@weir/fastify/redis'
import { type LimitStore } from '@weir/limiter'
import { redisStore as redisLimits } from '@weir/limiter/redis'
import { sqliteStore as sqliteLimits } from '@weir/limiter/sqlite'
import { type MetricsStore } from '@weir/metrics'
import { redisStore as redisMetrics } from '@weir/metrics/redis'
import { sqliteStore as sqliteMetrics } from '@weir/metrics/sqlite'
import { type JournalStore } from '@weir/metrics/journal'
import { redisJournal } from '@weir/metrics/journal/redis'
import { sqliteJournal } from '@weir/metrics/journal/sqlite'
import { type FastifyInstance } from 'fastify'
import { type StatsEnv } from './env.js'

export interface Stores {
  readonly metrics: MetricsStore
  readonly cache: Store
  /**
   * The store of the services' caches: with Redis, the same store; with files, all caches except
   * weather's.
   */
  readonly services: Store
  readonly limits: LimitStore
  /** The journal of the services' responses. */
  readonly journal: JournalStore
}

// Timeout in milliseconds. No request waits for these reads, which cover a day after a gap.
const PATIENCE = 2000

/**
 * Opens the stores that instances share: in the Redis of REDIS_URL (`app.redis`), otherwise in
 * files in DATA_DIR. They are closed with the application.
 */
export async function openStores (app: FastifyInstance, env: StatsEnv): Promise<Stores> {
  const stores = env.REDIS_URL === undefined ? inFiles(env.DATA_DIR) : await inRedis(app)
  app.addHook('onClose', async () => {
    await stores.metrics.close()
    await stores.cache.close()
    if (stores.services !== stores.cache) await stores.services.close()
    await stores.limits.close()
    await stores.journal.close()
  })
  return stores
}

async function inRedis (app: FastifyInstance): Promise<Stores> {
  const cache = redisCache({ client: app.redis })
  const patient = await patientClient(app, { commandTimeout: PATIENCE })
  return {
    metrics: redisMetrics({ client: patient }),
    journal: redisJournal({ client: patient }),
    cache,
    services: cache,
    limits: redisLimits({ client: app.redis })
  }
}

function inFiles (folder: string): Stores {
  return {
    metrics: sqliteMetrics({ file: join(folder, 'metrics.db') }),
    journal: sqliteJournal({ file: join(folder, 'journal.db') }),
    cache: sqliteCache({ file: join(folder, 'stats-cache.db') }),
    services: sqliteCache({ file: join(folder, 'cache.db') }),
    limits: sqliteLimits({ file: join(folder, 'stats-limits.db') })
  }
}
