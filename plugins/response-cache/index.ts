import fastifyCaching from '@fastify/caching'
import { type Cache, CacheError, createCache, type Duration, keyTag, type MemoryLimits, type Store, type WriteOptions } from '@weir/cache'
import { appendCacheStatus } from '@weir/http'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { WEIR_ERR_PLUGIN_OPTION, WEIR_ERR_REGISTERED_TWICE } from '../errors.js'
import { AbstractCache } from './abstract-cache.js'
import { AuthorizedKeys } from './authorized-keys.js'
import { capture, type PendingInvalidations } from './capture.js'
import { InternalFills } from './fills.js'
import { compareHead, type ForwardedHead } from './head.js'
import { keyOf, uriOf } from './key.js'
import { lookupHook } from './lookup.js'
import type { CachedRoute, OngoingFill } from './ongoing-fill.js'
import { checkRouteCache, type RouteCacheOptions, routeName } from './options.js'
import './result.js'
import { responseSerializer, type StoredResponse } from './stored-response.js'

export { type PendingInvalidations } from './capture.js'
export { type RouteCacheOptions } from './options.js'
export { type CacheResult } from './result.js'
export { type StoredResponse } from './stored-response.js'

/** Options of the response cache. */
export interface ResponseCacheOptions {
  /** Where responses are shared: `sqliteStore`, `redisStore` or `memoryStore` of `@weir/cache`. */
  readonly store: Store
  /** Applications that share a store keep apart by this. Default `responses`. */
  readonly namespace?: string
  /** This cache's name in Cache-Status (RFC 9211, section 2). Default `weir`. */
  readonly name?: string
  /**
   * Scheme and host of every key, where one site is reached by several names, as when instances are called directly.
   * Default: the request's own.
   */
  readonly origin?: string
  /** This instance's memory before the store; false for none. Default 64 MiB and 10,000 responses. */
  readonly l1?: MemoryLimits | false
  /** Larger responses are served and not stored. Default 1 MiB. */
  readonly maxBodyBytes?: number
  /**
   * False: responses have no Cache-Groups and writes no Cache-Group-Invalidation, for caches on the way to the client
   * (RFC 9875). Default true.
   */
  readonly cacheGroups?: boolean
  /** How long requests wait for one that computes the same response, before they compute it themselves. Default 10 s. */
  readonly fillTimeout?: Duration
  /**
   * With it no read goes back behind an earlier one either while a write is not acknowledged yet: what a handler has computed is
   * settled before it is stored or sent.
   */
  readonly outbox?: PendingInvalidations
}

/** `app.responseCache` */
export interface ResponseCache {
  readonly cache: Cache<StoredResponse>
  /** Whether caches on the way to the client are told of tags: see {@link ResponseCacheOptions.cacheGroups}. */
  readonly cacheGroups: boolean
  /** Invalidates every response with one of the tags, on every instance. */
  invalidate (tags: readonly string[], options?: WriteOptions): Promise<void>
  /** The tag of a URI's responses: `path` with its query, on the origin that a request to `origin` has in keys. */
  uriTag (origin: string, path: string): string
  /** Whether the request is the application's own, which refills a stale response: who was served that has been counted and limited. */
  isRefill (request: FastifyRequest): boolean
}

declare module 'fastify' {
  interface FastifyInstance {
    responseCache: ResponseCache
  }

  interface FastifyRequest {
    /** The fill this request's handler is computing; null if its response is not to be stored. */
    responseFill: OngoingFill | null | undefined
    /** What is stored for the URI that this HEAD is about, if the handler's answer is to be compared with it. */
    responseHead: ForwardedHead | null | undefined
    /** What Cache-Status says of a request that is for the handler alone. */
    forwarded: string | undefined
    /** It is answered with a stored response that has no Content-Type. */
    isUntyped: boolean
  }

  interface FastifyContextConfig {
    /** Responses of this GET or HEAD route are shared by every request and instance. */
    cache?: RouteCacheOptions | false
  }
}

const NAME = 'weir-response-cache'

/**
 * Answers GET and HEAD from responses that any instance has made (RFC 9111), before the handler runs, on routes with
 * `config.cache`. Register it after authentication and rate limiting, and after `@weir/fastify/conditional`, so that
 * an entity tag is made once and stored with its response.
 */
async function responseCache (app: FastifyInstance, options: ResponseCacheOptions): Promise<void> {
  if (app.hasDecorator('responseCache')) throw new WEIR_ERR_REGISTERED_TWICE(NAME, 'one cache serves every route of an application')
  if (app.hasDecorator('cache')) throw new WEIR_ERR_REGISTERED_TWICE('@fastify/caching', `${NAME} registers it itself`)
  const { name: cacheName = 'weir', origin, maxBodyBytes = 1024 * 1024, cacheGroups = true, outbox } = checked(options)
  const cache = named(() => createCache({
    store: options.store,
    namespace: options.namespace ?? 'responses',
    name: cacheName,
    serializer: responseSerializer,
    ...(options.l1 !== undefined && { l1: options.l1 }),
    ...(options.fillTimeout !== undefined && { fillTimeout: options.fillTimeout })
  }))
  const internal = new InternalFills(app, cache, maxBodyBytes)
  const captured = { cache, cacheName, cacheGroups, maxBodyBytes, outbox, internal }

  app.decorate('responseCache', {
    cache,
    cacheGroups,
    invalidate: (tags, options) => cache.invalidate(tags, options),
    uriTag: (requested, path) => keyTag(uriOf(origin ?? requested, path)),
    isRefill: (request) => internal.has(request)
  })
  app.decorateRequest('responseFill', null)
  app.decorateRequest('responseHead', null)
  app.decorateRequest('forwarded', '')
  app.decorateRequest('isUntyped', false)
  if (!app.hasRequestDecorator('cacheResult')) app.decorateRequest('cacheResult', null)
  if (!app.hasRequestDecorator('isStored')) app.decorateRequest('isStored', false)

  app.addHook('onRoute', (route) => {
    const routeCache = route.config?.cache
    if (routeCache === undefined || routeCache === false) return
    checkRouteCache(route, routeCache)
    const { vary = [], key: custom } = routeCache
    const cachedRoute = { options: routeCache, authorized: new AuthorizedKeys(), complain: complaints(routeName(route)) }
    const keyFor = keyOf({ origin, vary, custom, schema: route.schema })
    // Appended: a route's own hooks, and what rate limiting has appended before, come first, so that hits are limited too.
    route.onRequest = [...[route.onRequest ?? []].flat(), lookupHook({ cache, serving: captured, internal, route: cachedRoute, keyFor })]
  })

  app.addHook('onSend', (request, reply, payload, done) => {
    const { responseFill: ongoing, responseHead: head, forwarded } = request
    // After those of caches nearer to the origin.
    if (forwarded) reply.header('cache-status', appendCacheStatus(reply.getHeader('cache-status'), forwarded))
    // Fastify gives every Buffer one.
    if (request.isUntyped) reply.removeHeader('content-type')
    // Undefined in contexts that were made before the decorator.
    if (head) compareHead(head, reply, cache).catch((error: unknown) => { request.log.warn({ err: error }, 'a HEAD contradicts what is stored') })
    if (!ongoing) return done()
    request.responseFill = null
    capture(request, reply, payload, ongoing, captured).then((sent) => done(null, sent), done)
  })

  // After `capture`: what it tells clients by default is not part of a stored response.
  const cacheSegment = 'weir-etags'
  const items = createCache({ store: options.store, namespace: `${cache.namespace}.items` })
  await app.register(fastifyCaching, { privacy: 'no-cache', cacheSegment, cache: new AbstractCache(items, cacheSegment) })
}

function checked (options: ResponseCacheOptions): ResponseCacheOptions {
  const { store, origin, maxBodyBytes, cacheGroups, outbox } = options
  if (typeof store?.namespace !== 'function') throw new WEIR_ERR_PLUGIN_OPTION(NAME, 'store', 'is missing: give it sqliteStore(), redisStore() or memoryStore() of @weir/cache')
  if (origin !== undefined && (!URL.canParse(origin) || new URL(origin).origin !== origin)) {
    throw new WEIR_ERR_PLUGIN_OPTION(NAME, 'origin', `must be scheme and host, like 'https://shop.example', not ${JSON.stringify(origin)}`)
  }
  if (maxBodyBytes !== undefined && !(Number.isInteger(maxBodyBytes) && maxBodyBytes > 0)) {
    throw new WEIR_ERR_PLUGIN_OPTION(NAME, 'maxBodyBytes', `must be a positive number of bytes, not ${JSON.stringify(maxBodyBytes)}`)
  }
  if (cacheGroups !== undefined && typeof cacheGroups !== 'boolean') {
    throw new WEIR_ERR_PLUGIN_OPTION(NAME, 'cacheGroups', `must be true or false, not ${JSON.stringify(cacheGroups)}`)
  }
  if (outbox !== undefined && typeof outbox?.settle !== 'function') {
    throw new WEIR_ERR_PLUGIN_OPTION(NAME, 'outbox', 'must have settle(), as createOutbox() of @weir/outbox makes it')
  }
  return options
}

const COMPLAINTS = {
  key: 'config.cache.key returned no key, so the cache is bypassed: let it return a non-empty string, not a promise',
  tags: 'config.cache.tags returned no list of tags, so the response is not stored: let it return a list of non-empty strings'
} as const

/** Logs each kind of mistake of a route once: there may be one with each request. */
function complaints (route: string): CachedRoute['complain'] {
  const made = new Set<string>()
  return (request, about, details) => {
    if (made.has(about)) return
    made.add(about)
    request.log.error({ route, ...details }, COMPLAINTS[about])
  }
}

/** The engine's complaints about options, in the plugin's name. */
function named<R> (make: () => R): R {
  try {
    return make()
  } catch (error) {
    if (error instanceof CacheError) throw new WEIR_ERR_PLUGIN_OPTION(NAME, 'namespace, l1 or fillTimeout', `cannot be used: ${error.message}`)
    throw error
  }
}

export default fp(responseCache, { name: NAME, fastify: '5.x' })
