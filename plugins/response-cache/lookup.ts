import { type AcquireOptions, type Cache, CacheError, type Entry, Fill, type Hit } from '@weir/cache'
import { decideReuse, formatCacheStatus, parseCacheControl } from '@weir/http'
import type { FastifyRequest, onRequestHookHandler } from 'fastify'
import { WEIR_CACHE_REENTRANT_FILL, WEIR_ERR_ONLY_IF_CACHED } from '../errors.js'
import type { InternalFills } from './fills.js'
import { type KeyFunction, pathOf, type ResponseKey, variantKeyOf } from './key.js'
import { beginFill, type CachedRoute, type Forward } from './ongoing-fill.js'
import { type HitOptions, sendHit } from './serve.js'
import type { StoredResponse } from './stored-response.js'
import type { Target } from './target.js'

export interface LookupOptions {
  readonly cache: Cache<StoredResponse>
  readonly serving: HitOptions
  readonly internal: InternalFills
  readonly route: CachedRoute
  readonly keyFor: KeyFunction
}

/** What a request finds: a response to send, the duty to compute one, or nothing that is for the cache, and why. */
type Found =
  | { readonly kind: 'hit', readonly hit: Hit<StoredResponse>, readonly refresh: boolean }
  | { readonly kind: 'fill', readonly fill: Fill<StoredResponse>, readonly fwd?: Forward }
  | { readonly kind: 'pass', readonly fwd: Forward, readonly detail?: string, readonly kept?: Entry<StoredResponse> | undefined }

/** How a request is to find it. */
interface Asking {
  /** Its Cache-Control or Pragma may have a say. */
  readonly asks: boolean
  readonly acquire: AcquireOptions & { readonly beside: boolean }
}

/**
 * The onRequest hook of a cached route: answers from the cache, or lets the handler compute what `capture` then stores.
 * With callbacks and not async, because a hit from memory is answered without waiting for anything.
 */
export function lookupHook ({ cache, serving, internal, route, keyFor }: LookupOptions): onRequestHookHandler {
  const { options } = route
  const mayAsk = options.requestDirectives !== false
  const vary = (options.vary ?? []).map((name) => name.toLowerCase())

  return function lookup (request, reply, done) {
    const handedOver = internal.take(request)
    const isRead = request.method === 'GET' || request.method === 'HEAD'
    const key = isRead ? keyFor(request) : undefined
    if (key === undefined) {
      handedOver?.fill.abandon()
      if (!isRead) {
        request.forwarded = formatCacheStatus(serving.cacheName, { fwd: 'method' })
        request.cacheResult = { outcome: 'bypass', reason: 'METHOD', cost: 0 }
      }
      return done()
    }
    if (handedOver !== undefined) {
      request.cacheResult = { outcome: 'refill', cost: 0 }
      beginFill(request, reply, { ...handedOver, route, beside: false })
      return handedOver.fill.run(done)
    }
    if (key === 'INVALID_KEY') {
      route.complain(request, 'key', {})
      pass({ kind: 'pass', fwd: 'bypass', detail: key }, undefined, request)
      return done()
    }
    const asks = mayAsk && (request.headers['cache-control'] !== undefined || request.headers['pragma'] !== undefined)
    if (!asks) {
      const hit = cache.lookup(key.key)
      if (hit !== undefined && hit.entry.value.status !== 0) {
        if (hit.stale) refresh(hit, { key, names: vary }, request)
        return sendHit(request, reply, hit, serving)
      }
    }
    // Its response is likely to be for its client alone: others would wait for nothing.
    const beside = request.headers.authorization !== undefined && !route.authorized.has(key.key)
    resolve(request, key, { asks, acquire: { ...options, beside } }).then(({ found, target }) => {
      if (found.kind === 'hit') {
        if (found.refresh) refresh(found.hit, target, request)
        return sendHit(request, reply, found.hit, serving)
      }
      if (found.kind === 'pass') {
        pass(found, target, request)
        return done()
      }
      beginFill(request, reply, { fill: found.fill, target, route, fwd: found.fwd, beside, purpose: 'answer' })
      // The handler is this fill's function: one that asks for its own response would wait for itself.
      found.fill.run(done)
    }).catch((error: unknown) => {
      done(asRequestError(error, request))
    })
  }

  /** The response for the request; where there are several of one URI, its variant (RFC 9111, section 4.1). */
  async function resolve (request: FastifyRequest, key: ResponseKey, asking: Asking): Promise<{ found: Found, target: Target }> {
    const find = asking.asks ? findAsAsked : findAny
    const found = await find(request, key, asking)
    const names = found.kind === 'hit' ? found.hit.entry.value.variesBy : undefined
    if (names === undefined) return { found, target: { key, names: vary } }
    const target = { key: variantKeyOf(key, names, request), names: [...vary, ...names], variant: { names, of: key.key } }
    return { found: await find(request, target.key, asking), target }
  }

  async function findAny (request: FastifyRequest, { key }: ResponseKey, { acquire }: Asking): Promise<Found> {
    // HEAD is answered from what GET stored; it computes nothing that could be stored (RFC 9110, 9.3.2).
    const outcome = await (request.method === 'HEAD' ? cache.find(key, options) : cache.acquire(key, acquire))
    if (outcome instanceof Fill) return { kind: 'fill', fill: outcome }
    if (outcome !== undefined) return { kind: 'hit', hit: outcome, refresh: outcome.stale }
    const kept = await cache.find(key, { accept: 'retained' })
    return { kind: 'pass', fwd: kept === undefined ? 'uri-miss' : 'stale', kept: kept?.entry }
  }

  /** As `findAny`, for a request that says what it will take (RFC 9111, section 5.2.1). */
  async function findAsAsked (request: FastifyRequest, key: ResponseKey, { acquire }: Asking): Promise<Found> {
    const kept = await cache.find(key.key, { accept: 'retained' })
    if (kept?.entry.value.variesBy !== undefined) return { kind: 'hit', hit: kept, refresh: false }
    const reuse = decideReuse(request, kept?.entry.value.policy(kept.entry), Date.now())
    if (reuse.action === 'timeout') throw new WEIR_ERR_ONLY_IF_CACHED()
    if (reuse.action === 'serve' && kept !== undefined) return { kind: 'hit', hit: kept, refresh: reuse.refresh }
    const fwd = reuse.action === 'forward' && reuse.fwd !== 'method' ? reuse.fwd : 'uri-miss'
    // What may not be stored is no fill: nobody else could be given it (5.2.1.5).
    if (parseCacheControl(request.headers['cache-control']).has('no-store')) return { kind: 'pass', fwd, detail: 'REQUEST_NO_STORE' }
    if (request.method === 'HEAD') return { kind: 'pass', fwd, kept: kept?.entry }
    // What another instance has stored since will not do either where the client wants what is newer.
    const outcome = await cache.acquire(key.key, { ...acquire, renew: fwd === 'request' || reuse.reason.startsWith('REQUEST_') })
    return outcome instanceof Fill ? { kind: 'fill', fill: outcome, fwd } : { kind: 'hit', hit: outcome, refresh: false }
  }

  function pass ({ fwd, detail, kept }: Found & { kind: 'pass' }, target: Target | undefined, request: FastifyRequest): void {
    request.forwarded = formatCacheStatus(serving.cacheName, detail === undefined ? { fwd } : { fwd, detail })
    request.cacheResult = { outcome: 'bypass', reason: detail ?? request.method, cost: 0 }
    if (target === undefined || kept === undefined || kept.value.variesBy !== undefined) return
    request.responseHead = { key: target.key.key, stored: kept }
  }

  function refresh (hit: Hit<StoredResponse>, target: Target, request: FastifyRequest): void {
    if (hit.unverified === undefined) internal.refill(request, target, hit.entry)
  }
}

/** A mistake of the application is told with the URL, which its developers know, in place of the key. */
function asRequestError (error: unknown, { method, url }: FastifyRequest): Error {
  if (error instanceof CacheError && error.code === 'WEIR_CACHE_REENTRANT_FILL') return new WEIR_CACHE_REENTRANT_FILL(method, pathOf(url))
  return error instanceof Error ? error : new Error(String(error))
}
