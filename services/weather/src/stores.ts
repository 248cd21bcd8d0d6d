import { join } from 'node:path'
import { type Store } from '@weir/cache'
import { redisStore } from '@weir/cache/redis'
import { sqliteStore } from '@weir/cache/sqlite'
import { patientClient } from '@weir/fastify/redis'
import { type LimitStore } from '@weir/limiter'
import { redisStore as redisLimits } from '@weir/limiter/redis'
import { sqliteStore as sqliteLimits } from '@weir/limiter/sqlite'
import { type FastifyInstance } from 'fastify'
import { type WeatherEnv } from './env.js'

// Milliseconds. Continuing without Redis costs calls to Open-Meteo, which are limited.
const PATIENCE = 1000

/**
 * Opens the stores that all instances share: in the Redis of REDIS_URL, `app.redis`, else in files
 * in DATA_DIR. Closed with the application.
 */
export async function openStores (
  app: FastifyInstance,
  env: WeatherEnv
): Promise<{ cache: Store; limits: LimitStore }> {
  const stores =
    env.REDIS_URL === undefined
      ? inFiles(env.DATA_DIR)
      : {
          cache: redisStore({ client: await patientClient(app, { commandTimeout: PATIENCE }) }),
          limits: redisLimits({ client: app.redis })
        }
  app.addHook('onClose', async () => {
    await stores.cache.close()
    await stores.limits.close()
  })
  return stores
}

function inFiles (folder: string) {
  return {
    cache: sqliteStore({ file: join(folder, 'weather-cache.db') }),
    limits: sqliteLimits({ file: join(folder, 'weather-limits.db') })
  }
}
