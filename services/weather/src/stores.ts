import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Store } from '@weir/cache'
import { type RedisClient, redisStore } from '@weir/cache/redis'
import { sqliteStore } from '@weir/cache/sqlite'
import { type LimitStore } from '@weir/limiter'
import { redisStore as redisLimits } from '@weir/limiter/redis'
import { sqliteStore as sqliteLimits } from '@weir/limiter/sqlite'
import { type FastifyInstance } from 'fastify'
import { type WeatherEnv } from './env.js'

/** What all instances share: in the Redis that REDIS_URL names, `app.redis`, else in files in DATA_DIR. Closed with the application. */
export async function openStores (app: FastifyInstance, env: WeatherEnv): Promise<{ cache: Store, limits: LimitStore }> {
  const stores = env.REDIS_URL === undefined
    ? await inFiles(env.DATA_DIR)
    : { cache: redisStore({ client: await patientClient(app) }), limits: redisLimits({ client: app.redis }) }
  app.addHook('onClose', async () => {
    await stores.cache.close()
    await stores.limits.close()
  })
  return stores
}

// A new connection to a Redis that is there takes a few; a process that is starting may be deaf for hundreds. ms
const READY_WITHIN = 3000

/**
 * A client that waits for Redis for longer than requests usually do: to go on without it is to call Open-Meteo, of which there are few
 * calls to spend, and a process that is busy for 100 ms hears no answer in that time. Of a cluster there is `app.redis` alone.
 */
async function patientClient (app: FastifyInstance): Promise<RedisClient> {
  if (app.redis.isCluster) return app.redis
  const client = app.redis.duplicate({ commandTimeout: 1000, socketTimeout: 2000 })
  // What there is to say about Redis, `app.redis` says.
  client.on('error', () => {})
  app.addHook('onClose', () => { client.disconnect() })
  if (app.redis.status === 'ready') {
    await once(client, 'ready', { signal: AbortSignal.timeout(READY_WITHIN) }).catch(() => { app.log.warn('Redis is there, and slow to be connected to') })
  }
  return client
}

async function inFiles (folder: string) {
  await mkdir(folder, { recursive: true })
  return {
    cache: sqliteStore({ file: join(folder, 'weather-cache.db') }),
    limits: sqliteLimits({ file: join(folder, 'weather-limits.db') })
  }
}
