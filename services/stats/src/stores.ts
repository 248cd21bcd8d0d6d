import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Store } from '@weir/cache'
import { redisStore as redisCache } from '@weir/cache/redis'
import { sqliteStore as sqliteCache } from '@weir/cache/sqlite'
import { type LimitStore } from '@weir/limiter'
import { redisStore as redisLimits } from '@weir/limiter/redis'
import { sqliteStore as sqliteLimits } from '@weir/limiter/sqlite'
import { type MetricsStore } from '@weir/metrics'
import { type RedisClient, redisStore as redisMetrics } from '@weir/metrics/redis'
import { sqliteStore as sqliteMetrics } from '@weir/metrics/sqlite'
import { type FastifyInstance } from 'fastify'
import { type StatsEnv } from './env.js'
import { RedisFigures } from './redis/figures.js'
import { redisNodes } from './redis/nodes.js'

export interface Stores {
  readonly metrics: MetricsStore
  readonly cache: Store
  readonly limits: LimitStore
  /** Undefined where there is no Redis. */
  readonly redis: RedisFigures | undefined
}

/** What instances share: in the Redis that REDIS_URL names, `app.redis`, else in files in DATA_DIR. Closed with the application. */
export async function openStores (app: FastifyInstance, env: StatsEnv): Promise<Stores> {
  const stores = env.REDIS_URL === undefined ? await inFiles(env.DATA_DIR) : await inRedis(app)
  app.addHook('onClose', async () => {
    await stores.metrics.close()
    await stores.cache.close()
    await stores.limits.close()
  })
  return stores
}

async function inRedis (app: FastifyInstance): Promise<Stores> {
  return {
    metrics: redisMetrics({ client: await patientClient(app) }),
    cache: redisCache({ client: app.redis }),
    limits: redisLimits({ client: app.redis }),
    redis: new RedisFigures({ nodes: redisNodes(app.redis), log: app.log })
  }
}

async function inFiles (folder: string): Promise<Stores> {
  await mkdir(folder, { recursive: true })
  return {
    metrics: sqliteMetrics({ file: join(folder, 'metrics.db') }),
    cache: sqliteCache({ file: join(folder, 'stats-cache.db') }),
    limits: sqliteLimits({ file: join(folder, 'stats-limits.db') }),
    redis: undefined
  }
}

// A new connection to a Redis that is there takes a few; a process that is starting may be deaf for hundreds. ms
const READY_WITHIN = 3000

/**
 * A client that waits longer for Redis than requests do: nobody waits for it, and after a gap it reads a day. Of a cluster there is
 * `app.redis` alone.
 */
async function patientClient (app: FastifyInstance): Promise<RedisClient> {
  if (app.redis.isCluster) return app.redis
  const client = app.redis.duplicate({ commandTimeout: 2000, socketTimeout: 2000 })
  // What there is to say about Redis, `app.redis` says.
  client.on('error', () => {})
  app.addHook('onClose', () => { client.disconnect() })
  if (app.redis.status === 'ready') {
    await once(client, 'ready', { signal: AbortSignal.timeout(READY_WITHIN) }).catch(() => { app.log.warn('Redis is there, and slow to be connected to') })
  }
  return client
}
