import { join } from 'node:path'
import { type Cache, createCache, type RememberOptions, type Store, valueType } from '@weir/cache'
import { redisStore } from '@weir/cache/redis'
import { sqliteStore } from '@weir/cache/sqlite'
import caches from '@weir/fastify/caches'
import fragments from '@weir/fastify/fragments'
import responseCache from '@weir/fastify/response-cache'
import { instanceName } from '@weir/fastify/service'
import { type FastifyInstance, type RouteOptions } from 'fastify'
import { type StorefrontEnv } from './env.js'

const MEBIBYTE = 1024 * 1024

/**
 * Namespace of the catalog's responses. Pages, fragments and their data use it, too: a write in the
 * catalog invalidates them with the same command, on every instance of both services.
 */
const SHARED = 'responses'

declare module '@weir/fastify/caches' {
  interface AppCaches {
    /** Responses of the catalog, and values computed from them. */
    catalog: Cache<unknown>
    /** Page views by product. */
    views: Cache<number>
    /** Results of queries of the storefront's own database. */
    queries: Cache<unknown>
  }
}

/**
 * Opens the store of the catalog's responses: the Redis of REDIS_URL, `app.redis`, else the
 * catalog's file in DATA_DIR.
 */
export const openStore = (app: FastifyInstance, env: StorefrontEnv): Store =>
  env.REDIS_URL === undefined
    ? sqliteStore({ file: join(env.DATA_DIR, 'cache.db') })
    : redisStore({ client: app.redis })

/** Registers `app.caches`, which closes the store with the application. */
export async function registerCaches (
  app: FastifyInstance,
  env: StorefrontEnv,
  store: Store
): Promise<void> {
  await app.register(caches, {
    stores: { shared: store },
    name: instanceName(env, 'storefront'),
    caches: {
      catalog: {
        store: 'shared',
        namespace: SHARED,
        l1: { maxBytes: 12 * MEBIBYTE },
        value: valueType<unknown>()
      },
      views: {
        store: 'shared',
        namespace: 'storefront-views',
        l1: false,
        value: valueType<number>()
      },
      queries: {
        store: 'shared',
        namespace: 'storefront-queries',
        l1: { maxBytes: MEBIBYTE },
        value: valueType<unknown>()
      }
    }
  })
}

/** Registers the caches of whole pages and of their fragments. */
export async function registerPageCaches (
  app: FastifyInstance,
  env: StorefrontEnv,
  store: Store
): Promise<void> {
  const name = instanceName(env, 'storefront')
  if (env.CACHE === 'off') app.addHook('onRoute', bypassCache)
  await app.register(responseCache, {
    store,
    namespace: SHARED,
    name,
    l1: { maxBytes: 12 * MEBIBYTE },
    // The storefront has one set of keys, regardless of the name or port of a request. The
    // catalog's keys have a different origin.
    origin: 'http://storefront'
  })
  await app.register(fragments, {
    cache: createCache<string>({ store, namespace: SHARED, name, l1: { maxBytes: 16 * MEBIBYTE } })
  })
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

/** Caches the result of a function, like `remember` of a cache. */
export type Remember = <T>(
  key: string,
  options: RememberOptions<T>,
  compute: () => Promise<T>
) => Promise<T>

/** Returns `remember` of the cache; with CACHE=off it calls the function each time. */
export const rememberIn = (cache: Cache<unknown>, { CACHE }: StorefrontEnv): Remember =>
  CACHE === 'off'
    ? (_key, _options, compute) => compute()
    : (key, options, compute) => cache.remember(key, options, compute)
