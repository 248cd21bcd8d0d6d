import { join } from 'node:path'
import observability from '@weir/fastify/observability'
import { instanceName } from '@weir/fastify/service'
import shadow from '@weir/fastify/shadow'
import { redisStore } from '@weir/metrics/redis'
import { sqliteStore } from '@weir/metrics/sqlite'
import { type FastifyInstance } from 'fastify'
import { type WeatherCaches } from './cache-admin.js'
import { type WeatherEnv } from './env.js'

/**
 * Counts requests together with those of all instances and services: in the Redis of REDIS_URL,
 * `app.redis`, else in a file in DATA_DIR.
 */
export async function registerCounting (
  app: FastifyInstance,
  env: WeatherEnv,
  caches: () => WeatherCaches
): Promise<void> {
  const store =
    env.REDIS_URL === undefined ? inFile(env.DATA_DIR) : redisStore({ client: app.redis })
  app.addHook('onClose', () => store.close())
  await app.register(observability, {
    store,
    service: 'weather',
    instance: instanceName(env, 'weather'),
    caches: () => ({ ...caches() }),
    announce: { demos: { weather: '/api/weather' } }
  })
  // Observes the routes without a response cache, for the console's advice.
  await app.register(shadow)
}

function inFile (folder: string) {
  return sqliteStore({ file: join(folder, 'metrics.db') })
}
