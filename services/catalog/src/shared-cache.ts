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
 * Memory of an instance for responses. Beside it, the process takes some 150 MiB, and all of that
 * has to fit into three quarters of a container's 256 MiB (docker-compose.yml).
 */
const L1 = { maxBytes: 24 * 1024 * 1024 }

/**
 * Registers the cache that all instances share: in the Redis that REDIS_URL names, `app.redis`,
 * else in a file beside the database. What an import invalidates is what instances serve, so both
 * come here.
 * @param outbox says when what is in it may be served, and what has to be settled first
 * @returns the store, for what else instances have to agree on
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
    // One catalog, whichever name or port it is reached by.
    origin: 'http://catalog'
  })
  return store
}

/**
 * Has every response computed, for CACHE=off. Cache-Status says `fwd=bypass; detail=UNLESS`.
 */
function bypassCache ({ config }: RouteOptions): void {
  if (config?.cache !== undefined && config.cache !== false) {
    config.cache = { ...config.cache, unless: () => true }
  }
}
