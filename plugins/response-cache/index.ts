import fastifyCaching from '@fastify/caching'
import {
  type Cache,
  CacheError,
  createCache,
  type Duration,
  type MemoryLimits,
  type Store,
  type WriteOptions
} from '@weir/cache'
import type { Edge } from '@weir/edge'
import type { EdgeState } from '@weir/metrics'
import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import { enforceDeclaration } from '../declared.js'
import {
  WEIR_ERR_PLUGIN_OPTION,
  WEIR_ERR_REGISTERED_TWICE,
  WEIR_ERR_ROUTE_OPTION
} from '../errors.js'
import {
  checkOptionNames, checkOutbox, isOptions, type OptionNames, unknownOption
} from '../plugin-options.js'
import { AbstractCache } from './abstract-cache.js'
import { cachedHandler } from './cached-handler.js'
import type { PendingInvalidations } from './capture.js'
import { credentialFieldsOf, credentialsOf } from './credentials.js'
import { routeEdge } from './edge-fields.js'
import { InternalFills } from './fills.js'
import { type KeyFunction, writtenTags } from './key.js'
import type { CachedRoute, Mistake } from './ongoing-fill.js'
import { checkRouteCache, isNameList, type RouteCacheOptions, routeName } from './options.js'
import { type Invalidated, PassingCache } from './pass-on.js'
import type { PostFeed } from './post-feed.js'
import './result.js'
import { ignoresFinalSlash, selectionOf } from './selection.js'
import { PathRules } from './path-rules.js'
import { RecentKeys } from '@weir/internal'
import { takeRefresh } from './refresh.js'
import { SharedKeys } from './shared-keys.js'
import { responseSerializer, type StoredResponse } from './stored-response.js'
import { tagsFor } from './tags.js'

export { type PendingInvalidations } from './capture.js'
export { type ResponseEdge } from './edge-fields.js'
export { type Invalidated } from './pass-on.js'
export { type RouteCacheOptions } from './options.js'
export { type CacheResult } from './result.js'
export { responseSerializer, type StoredResponse } from './stored-response.js'

/** Options of the response cache. */
export interface ResponseCacheOptions {
  /**
   * Store that shares the responses: `sqliteStore`, `redisStore` or `memoryStore` of `@weir/cache`.
   */
  readonly store: Store
  /** Separates applications that share a store. Default `responses`. */
  readonly namespace?: string
  /**
   * Name of this cache in Cache-Status (RFC 9211, section 2). Default `weir`. It also names the
   * instance that filled an entry, unless `@weir/fastify/observability` names the instance.
   */
  readonly name?: string
  /**
   * Scheme and host of every key, for a site with several names, or when instances are called
   * directly. Default: the request's own.
   */
  readonly origin?: string
  /**
   * Memory of this instance in front of the store; false for none. Default 64 MiB and 10,000
   * responses.
   */
  readonly l1?: MemoryLimits | false
  /** Size limit in bytes: larger responses are served but not stored. Default 1 MiB. */
  readonly maxBodyBytes?: number
  /**
   * False omits Cache-Groups from responses and Cache-Group-Invalidation from writes, which inform
   * downstream caches (RFC 9875). Default true.
   */
  readonly cacheGroups?: boolean
  /**
   * Header fields, besides Authorization, Cookie and X-API-Key, that identify a user of the
   * application. A response to a request that has one, or a `request.user`, is shared only if the
   * response is declared as shareable by `public`, `s-maxage` or `must-revalidate` (RFC 9111,
   * section 3.5), or by its route.
   */
  readonly credentials?: readonly string[]
  /**
   * Maximum time that requests wait for another one that computes the same response, before they
   * compute it themselves. Default 10 s.
   */
  readonly fillTimeout?: Duration
  /**
   * Outbox with which reads never go back in time, even while a write is not acknowledged yet:
   * pending invalidations are delivered before a computed response is stored or sent.
   */
  readonly outbox?: PendingInvalidations
}

/** `app.responseCache`. */
export interface ResponseCache {
  /**
   * The engine. Its `invalidate`, `delete`, `deleteMany` and `clear` go on to the caches of
   * `@weir/fastify/edge`, too, and wait for them as a write does. Other changes, such as `set` and
   * `evict`, do not.
   */
  readonly cache: Cache<StoredResponse>
  /** Store that shares the responses. */
  readonly store: Store
  /** Whether downstream caches receive tags: see {@link ResponseCacheOptions.cacheGroups}. */
  readonly cacheGroups: boolean
  /** Scheme and host of every URI in keys; undefined: each request's own. */
  readonly origin: string | undefined
  /**
   * Invalidates every response with one of the tags, on every instance, and at the caches of
   * `@weir/fastify/edge`. Unlike an invalidation of `cache` itself, it tells which of those have
   * not confirmed.
   */
  invalidate (tags: readonly string[], options?: WriteOptions): Promise<Invalidated>
  /** Invalidates every response, on every instance and at the edge. */
  clear (): Promise<Invalidated>
  /**
   * Returns the key function for a route's requests whose query has been validated; undefined for a
   * route that is not cached.
   */
  keyFunction (route: RouteOptions): KeyFunction | undefined
  /**
   * Returns the tags that a write to a URI invalidates: `target` is its path and query, on the
   * origin that a request to `origin` has in keys.
   */
  uriTags (origin: string, target: string): readonly string[]
  /**
   * Returns whether the request is the application's own refill of a stale response: the request of
   * the client that got the stale response has been counted and limited.
   */
  isRefill (request: FastifyRequest): boolean
}

declare module 'fastify' {
  interface FastifyInstance {
    responseCache: ResponseCache
  }

  interface FastifyInstance {
    /** Caches beyond the fleet, if `@weir/fastify/edge` is registered. */
    edge?: {
      readonly edge: Pick<Edge, 'fields' | 'invalidate' | 'status' | 'destinations'>
      readonly ttl: Duration
      /** Returns what consoles are told; undefined until it is known. */
      state (): EdgeState | undefined
    }
  }

  interface FastifyRequest {
    /**
     * True if `@weir/fastify/conditional` computed the entity tag of the response from the body.
     */
    isTagged: boolean
    /** Stores a POST's response for GET; null if it cannot be stored. */
    postFeed: PostFeed | null
  }

  interface FastifyContextConfig {
    /** Shares responses of this GET or HEAD route between all requests and instances. */
    cache?: RouteCacheOptions | false
  }
}

const NAME = 'weir-response-cache'
const OPTIONS: OptionNames<ResponseCacheOptions> = {
  store: true,
  namespace: true,
  name: true,
  origin: true,
  l1: true,
  maxBodyBytes: true,
  cacheGroups: true,
  credentials: true,
  fillTimeout: true,
  outbox: true
}
const L1_OPTIONS: OptionNames<MemoryLimits> = { maxBytes: true, maxEntries: true }

/**
 * Answers GET and HEAD of routes with `config.cache` from responses computed by any instance (RFC
 * 9111), before the handler runs. Register it after authentication and rate limiting, and after
 * `@weir/fastify/conditional`, so that an entity tag is computed once and stored with its response.
 */
async function responseCache (app: FastifyInstance, options: ResponseCacheOptions): Promise<void> {
  checkOptionNames(NAME, options, OPTIONS)
  if (app.hasDecorator('responseCache')) {
    throw new WEIR_ERR_REGISTERED_TWICE(NAME, 'one cache serves every route of an application')
  }
  if (app.hasDecorator('cache')) {
    throw new WEIR_ERR_REGISTERED_TWICE('@fastify/caching', `${NAME} registers it itself`)
  }
  const {
    name: cacheName = 'weir',
    origin,
    maxBodyBytes = 1024 * 1024,
    cacheGroups = true,
    credentials = [],
    outbox
  } = checked(options)
  const cache = named(() => new PassingCache<StoredResponse>(app, {
    store: options.store,
    namespace: options.namespace ?? 'responses',
    // Recorded in each entry as the instance that filled it.
    name: app.hasDecorator('observability') ? app.observability.instance : cacheName,
    serializer: responseSerializer,
    ...(options.l1 !== undefined && { l1: options.l1 }),
    ...(options.fillTimeout !== undefined && { fillTimeout: options.fillTimeout })
  }))
  const internal = new InternalFills({ app, cache, maxBodyBytes })
  const shared = { cache, cacheName, cacheGroups, maxBodyBytes, outbox, internal }

  app.decorate('responseCache', {
    cache,
    store: options.store,
    cacheGroups,
    origin,
    invalidate: (tags, options) => cache.pass(tags, options),
    clear: () => cache.passClear(),
    uriTags: (requested, target) =>
      writtenTags(origin ?? requested, target, !ignoresFinalSlash(app)),
    isRefill: (request) => internal.has(request),
    keyFunction (route) {
      const { cache } = route.config ?? {}
      if (!cache) return undefined
      const selection = selectionOf(route, cache, origin)
      return (request) => selection(request).keyFor(request)
    }
  })
  if (!app.hasRequestDecorator('cacheResult')) app.decorateRequest('cacheResult', null)
  if (!app.hasRequestDecorator('isTagged')) app.decorateRequest('isTagged', false)

  if (!app.hasRequestDecorator('postFeed')) app.decorateRequest('postFeed', null)

  enforceDeclaration(app, 'cache')
  app.addHook('onRoute', (route) => {
    const routeCache = route.config?.cache
    if (routeCache === undefined || routeCache === false) return
    checkRouteCache(route, routeCache)
    const credentialFields = credentialFieldsOf(routeCache.credentials, credentials)
    const cachedRoute = {
      options: routeCache,
      credentialFields,
      tagsOf: tagsFor(routeCache.tags ?? []),
      shared: new SharedKeys(),
      unstorable: new RecentKeys<{ reason: string, until: number }>(),
      notModified: new RecentKeys<true>(),
      rules: new PathRules(cache),
      complain: complaints(routeName(route))
    }
    // The hook comes last, so that guards see the parameter, and before the query is validated.
    if (routeCache.refresh !== undefined) {
      route.preValidation = [...[route.preValidation ?? []].flat(), takeRefresh]
    }
    // The cache replaces only the handler: everything that runs before the handler runs before a
    // hit.
    const { edge } = app
    const lifetime = routeCache.edge === true ? edge?.ttl : routeCache.edge
    if (routeCache.edge !== undefined && edge === undefined) {
      throw new WEIR_ERR_ROUTE_OPTION(routeName(route), 'cache.edge',
        'needs the plugin @weir/fastify/edge: register it before the response cache')
    }
    route.handler = cachedHandler({
      ...shared,
      edge: edge === undefined ? undefined : routeEdge(edge.edge.fields, lifetime),
      route: cachedRoute,
      credentialsOf: credentialsOf(credentialFields),
      selectionOf: selectionOf(route, routeCache, origin)
    }, route.handler)
  })

  const cacheSegment = 'weir-etags'
  const items = createCache({ store: options.store, namespace: `${cache.namespace}.items` })
  await app.register(fastifyCaching, {
    cacheSegment,
    cache: new AbstractCache(items, cacheSegment)
  })
}

function checked (options: ResponseCacheOptions): ResponseCacheOptions {
  const { store, origin, l1, maxBodyBytes, cacheGroups, credentials, outbox } = options
  if (typeof store?.namespace !== 'function') {
    throw new WEIR_ERR_PLUGIN_OPTION(
      NAME,
      'store',
      'is missing: give it sqliteStore(), redisStore() or memoryStore() of @weir/cache'
    )
  }
  if (origin !== undefined && (!URL.canParse(origin) || new URL(origin).origin !== origin)) {
    throw new WEIR_ERR_PLUGIN_OPTION(
      NAME,
      'origin',
      `must be scheme and host, like 'https://shop.example', not ${JSON.stringify(origin)}`
    )
  }
  if (l1 !== undefined && l1 !== false) {
    if (!isOptions(l1)) {
      throw new WEIR_ERR_PLUGIN_OPTION(
        NAME,
        'l1',
        `must be an object, or false, not ${JSON.stringify(l1)}`
      )
    }
    const unknown = unknownOption(l1, Object.keys(L1_OPTIONS))
    if (unknown !== undefined) {
      throw new WEIR_ERR_PLUGIN_OPTION(NAME, `l1.${unknown.name}`, unknown.problem)
    }
  }
  if (maxBodyBytes !== undefined && !(Number.isInteger(maxBodyBytes) && maxBodyBytes > 0)) {
    throw new WEIR_ERR_PLUGIN_OPTION(
      NAME,
      'maxBodyBytes',
      `must be a positive number of bytes, not ${JSON.stringify(maxBodyBytes)}`
    )
  }
  if (cacheGroups !== undefined && typeof cacheGroups !== 'boolean') {
    throw new WEIR_ERR_PLUGIN_OPTION(
      NAME,
      'cacheGroups',
      `must be true or false, not ${JSON.stringify(cacheGroups)}`
    )
  }
  if (credentials !== undefined && !isNameList(credentials)) {
    throw new WEIR_ERR_PLUGIN_OPTION(
      NAME,
      'credentials',
      `must be a list of header names, not ${JSON.stringify(credentials)}`
    )
  }
  checkOutbox(NAME, outbox, ['settle'])
  return options
}

const COMPLAINTS = {
  INVALID_KEY:
    'config.cache.key returned no key, so the cache is bypassed: return a non-empty string, not ' +
    'a promise',
  INVALID_CONSTRAINT:
    'the route has a constraint that is not a plain value, so the cache is bypassed: its ' +
    'responses could be confused with those of another route',
  INVALID_TAG:
    'config.cache.tags returned no list of tags, so the response is not stored: return a list ' +
    'of non-empty strings',
  INVALID_REFRESH:
    'config.cache.refresh returned neither true nor false, so the response is not computed ' +
    'anew: return one of them, not a promise',
  INVALID_UNLESS:
    'config.cache.unless returned neither true nor false, so the cache is bypassed: return one ' +
    'of them, not a promise',
  INVALID_ONLY_IF:
    'config.cache.onlyIf returned neither true nor false, so the response is not stored: return ' +
    'one of them, not a promise'
} as const satisfies Record<Mistake, string>

/** Logs each kind of mistake of a route once, because it may recur with each request. */
function complaints (route: string): CachedRoute['complain'] {
  const made = new Set<string>()
  return (request, about, details) => {
    if (made.has(about)) return
    made.add(about)
    request.log.error({ route, ...details }, COMPLAINTS[about])
  }
}

/** Rethrows the engine's option errors as errors of this plugin. */
function named<R> (make: () => R): R {
  try {
    return make()
  } catch (error) {
    if (error instanceof CacheError) {
      throw new WEIR_ERR_PLUGIN_OPTION(
        NAME,
        'namespace, l1 or fillTimeout',
        `cannot be used: ${error.message}`
      )
    }
    throw error
  }
}

export default fp(responseCache, { name: NAME, fastify: '5.x' })
