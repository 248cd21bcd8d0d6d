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
  })
  return stores
}

async function inRedis (app: FastifyInstance): Promise<Stores> {
  const cache = redisCache({ client: app.redis })
  return {
    metrics: redisMetrics({ client: await patientClient(app, { commandTimeout: PATIENCE }) }),
    cache,
    services: cache,
    limits: redisLimits({ client: app.redis })
  }
}

function inFiles (folder: string): Stores {
  return {
    metrics: sqliteMetrics({ file: join(folder, 'metrics.db') }),
    cache: sqliteCache({ file: join(folder, 'stats-cache.db') }),
    services: sqliteCache({ file: join(folder, 'cache.db') }),
    limits: sqliteLimits({ file: join(folder, 'stats-limits.db') })
  }
}
