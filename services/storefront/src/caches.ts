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
 * Where the catalog has its responses. Pages, fragments and what they are made of are there, too: a
 * tag that a write in the catalog invalidates ends them by the same command, on every instance of
 * both services.
 */
const SHARED = 'responses'

declare module '@weir/fastify/caches' {
  interface AppCaches {
    /** What the catalog has told, and what is computed of that. */
    catalog: Cache<unknown>
    /** Page views by product. */
    views: Cache<number>
    /** Results of queries of the storefront's own database. */
    queries: Cache<unknown>
  }
}

/**
 * The store of the catalog's responses: the Redis that REDIS_URL names, `app.redis`, else the
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

/** Registers what keeps whole pages, and what keeps their fragments. */
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
    // One storefront, whichever name or port it is reached by. The catalog's keys begin with
    // another one.
    origin: 'http://storefront'
  })
  await app.register(fragments, {
    cache: createCache<string>({ store, namespace: SHARED, name, l1: { maxBytes: 16 * MEBIBYTE } })
  })
}

/**
 * Has every response computed, for CACHE=off. Cache-Status says `fwd=bypass; detail=UNLESS`.
 */
function bypassCache ({ config }: RouteOptions): void {
  if (config?.cache !== undefined && config.cache !== false) {
    config.cache = { ...config.cache, unless: () => true }
  }
}

/** Keeps what a function returns, as `remember` of a cache. */
export type Remember = <T>(
  key: string,
  options: RememberOptions<T>,
  compute: () => Promise<T>
) => Promise<T>

/** `remember` of the cache; with CACHE=off it calls the function each time. */
export const rememberIn = (cache: Cache<unknown>, { CACHE }: StorefrontEnv): Remember =>
  CACHE === 'off'
    ? (_key, _options, compute) => compute()
    : (key, options, compute) => cache.remember(key, options, compute)
