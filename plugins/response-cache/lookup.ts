import { type Cache, type Entry, Fill, type Hit } from '@weir/cache'
import { decideReuse, formatCacheStatus, parseCacheControl } from '@weir/http'
import type { FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify'
import { WEIR_ERR_ONLY_IF_CACHED } from '../errors.js'
import type { InternalFills } from './fills.js'
import { type ResponseKey, variantKeyOf, variantNames } from './key.js'
import { beginFill, type Forward, type Target } from './ongoing-fill.js'
import type { RouteCacheOptions } from './options.js'
import { sendHit } from './serve.js'
import type { StoredResponse } from './stored-response.js'

export interface LookupOptions {
  readonly cache: Cache<StoredResponse>
  readonly cacheName: string
  readonly internal: InternalFills
  readonly routeCache: RouteCacheOptions
  readonly keyFor: (request: FastifyRequest) => ResponseKey | undefined
}

/** What a request finds: a response to send, the duty to compute one, or nothing that is for the cache, and why. */
type Found =
  | { readonly kind: 'hit', readonly hit: Hit<StoredResponse>, readonly refresh: boolean }
  | { readonly kind: 'fill', readonly fill: Fill<StoredResponse>, readonly fwd?: Forward }
  | { readonly kind: 'pass', readonly fwd: Forward, readonly detail?: string, readonly kept?: Entry<StoredResponse> | undefined }

/**
 * The onRequest hook of a cached route: answers from the cache, or lets the handler compute what `capture` then stores.
 * With callbacks and not async, because a hit from memory is answered without waiting for anything.
 */
export function lookupHook ({ cache, cacheName, internal, routeCache, keyFor }: LookupOptions): onRequestHookHandler {
  const mayAsk = routeCache.requestDirectives !== false

  return function lookup (request, reply, done) {
    const handedOver = internal.take(request)
    const isRead = request.method === 'GET' || request.method === 'HEAD'
    const key = isRead ? keyFor(request) : undefined
    if (key === undefined) {
      handedOver?.fill.abandon()
      if (!isRead) {
        request.forwarded = formatCacheStatus(cacheName, { fwd: 'method' })
        request.cacheResult = { outcome: 'bypass', reason: 'METHOD', cost: 0 }
      }
      return done()
    }
    if (handedOver !== undefined) {
      request.cacheResult = { outcome: 'refill', cost: 0 }
      beginFill(request, reply, handedOver, targetOf(handedOver.fill, key), routeCache)
      return handedOver.fill.run(done)
    }
    const asks = mayAsk && (request.headers['cache-control'] !== undefined || request.headers['pragma'] !== undefined)
    if (!asks) {
      const hit = cache.lookup(key.key)
      if (hit !== undefined && hit.entry.value.status !== 0) return serve(hit, hit.stale, key, request, reply)
    }
    resolve(request, key, asks).then(({ found, target }) => {
      if (found.kind === 'hit') return serve(found.hit, found.refresh, target.key, request, reply)
      if (found.kind === 'pass') {
        pass(found, target, request)
        return done()
      }
      beginFill(request, reply, { fill: found.fill, validate: true }, target, routeCache, found.fwd)
      // The handler is this fill's function: one that asks for its own response would wait for itself.
      found.fill.run(done)
    }).catch((error: unknown) => {
      done(error instanceof Error ? error : new Error(String(error)))
    })
  }

  /** The response for the request; where there are several of one URI, its variant (RFC 9111, section 4.1). */
  async function resolve (request: FastifyRequest, key: ResponseKey, asks: boolean): Promise<{ found: Found, target: Target }> {
    const found = await (asks ? findAsAsked(request, key) : find(request, key))
    const names = found.kind === 'hit' ? found.hit.entry.value.variesBy : undefined
    if (names === undefined) return { found, target: { key } }
    const target = variantOf(key, names, request)
    return { found: await (asks ? findAsAsked(request, target.key) : find(request, target.key)), target }
  }

  async function find (request: FastifyRequest, { key }: ResponseKey): Promise<Found> {
    // HEAD is answered from what GET stored; it computes nothing that could be stored (RFC 9110, 9.3.2).
    const outcome = await (request.method === 'HEAD' ? cache.find(key, routeCache) : cache.acquire(key, routeCache))
    if (outcome instanceof Fill) return { kind: 'fill', fill: outcome }
    if (outcome !== undefined) return { kind: 'hit', hit: outcome, refresh: outcome.stale }
    const kept = await cache.find(key, { accept: 'retained' })
    return { kind: 'pass', fwd: kept === undefined ? 'uri-miss' : 'stale', kept: kept?.entry }
  }

  /** As `find`, for a request that says what it will take (RFC 9111, section 5.2.1). */
  async function findAsAsked (request: FastifyRequest, key: ResponseKey): Promise<Found> {
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
    const outcome = await cache.acquire(key.key, { ...routeCache, renew: fwd === 'request' || reuse.reason.startsWith('REQUEST_') })
    return outcome instanceof Fill ? { kind: 'fill', fill: outcome, fwd } : { kind: 'hit', hit: outcome, refresh: false }
  }

  function pass ({ fwd, detail, kept }: Found & { kind: 'pass' }, { key }: Target, request: FastifyRequest): void {
    request.forwarded = formatCacheStatus(cacheName, detail === undefined ? { fwd } : { fwd, detail })
    request.cacheResult = { outcome: 'bypass', reason: detail ?? request.method, cost: 0 }
    if (kept !== undefined && kept.value.variesBy === undefined) request.responseHead = { key: key.key, stored: kept }
  }

  function serve (hit: Hit<StoredResponse>, refresh: boolean, key: ResponseKey, request: FastifyRequest, reply: FastifyReply): void {
    if (refresh && hit.unverified === undefined) internal.refill(request, key, hit.entry)
    sendHit(request, reply, hit, cacheName)
  }
}

const variantOf = (key: ResponseKey, names: readonly string[], request: FastifyRequest): Target =>
  ({ key: variantKeyOf(key, names, request), variant: { names, of: key.key } })

/** Of a fill that was handed over: it may be for a variant. */
function targetOf (fill: Fill<StoredResponse>, key: ResponseKey): Target {
  const names = variantNames(fill.key, key.key)
  return names === undefined ? { key } : { key: { ...key, key: fill.key }, variant: { names, of: key.key } }
}
