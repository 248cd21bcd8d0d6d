import { join } from 'node:path'
import { type Store } from '@weir/cache'
import { guardedStore } from '@weir/cache/guarded'
import { redisStore } from '@weir/cache/redis'
import { sqliteStore } from '@weir/cache/sqlite'
import responseCache from '@weir/fastify/response-cache'
import { instanceName } from '@weir/fastify/service'
import { type FastifyInstance, type RouteOptions } from 'fastify'
import { type Outbox } from '@weir/outbox'
import { type CatalogEnv } from './env.js'

/**
 * Memory of an instance for responses. The rest of the process takes about 150 MiB, and all of it
 * has to fit into three quarters of a container's 256 MiB (docker-compose.yml).
 */
const L1 = { maxBytes: 24 * 1024 * 1024 }

/**
 * Registers the cache that all instances share: in the Redis of REDIS_URL, `app.redis`, else in a
 * file beside the database. Instances and the import use the same cache, so that an import
 * invalidates the instances' responses.
 * @param outbox tells when the cache may be used, and which invalidations are pending
 * @returns the store, for other agreements between instances
 */
export async function registerSharedCache (
  app: FastifyInstance,
  env: CatalogEnv,
  outbox?: Outbox
): Promise<Store> {
  const store =
    env.REDIS_URL === undefined
      ? sqliteStore({ file: join(env.DATA_DIR, 'cache.db') })
      : redisStore({ client: app.redis })
  app.addHook('onClose', () => store.close())
  if (env.CACHE === 'off') app.addHook('onRoute', bypassCache)
  await app.register(responseCache, {
    store: outbox === undefined ? store : guardedStore(store, outbox.isDrained),
    ...(outbox !== undefined && { outbox }),
    name: instanceName(env, 'catalog'),
    l1: L1,
    // The catalog has one set of keys, regardless of the name or port of a request.
    origin: 'http://catalog'
  })
  return store
}

/**
 * Bypasses the cache for every response, for CACHE=off. Cache-Status has `fwd=bypass;
 * detail=UNLESS`.
 */
function bypassCache ({ config }: RouteOptions): void {
  if (config?.cache !== undefined && config.cache !== false) {
    config.cache = { ...config.cache, unless: () => true }
  }
}
