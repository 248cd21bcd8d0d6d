import redis from '@weir/fastify/redis'
import { fastify } from 'fastify'
import { type CatalogEnv } from '../env.js'
import { registerSharedCache } from '../shared-cache.js'
import { tags } from '../tags.js'

/** Tells every instance that all they have cached may have changed. Rejects where the shared cache cannot be reached. */
export async function invalidateCatalog (env: CatalogEnv): Promise<void> {
  const app = fastify()
  try {
    if (env.REDIS_URL !== undefined) await app.register(redis, { url: env.REDIS_URL, commandTimeout: env.REDIS_COMMAND_TIMEOUT })
    await registerSharedCache(app, env)
    await app.ready()
    await app.responseCache.invalidate([tags.everything])
  } finally {
    await app.close()
  }
}
