import { type Cache, Fill, type Hit } from '@weir/cache'
import { formatCacheStatus } from '@weir/http'
import type { FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify'
import { WEIR_ERR_FILL_FAILED } from '../errors.js'
import type { BackgroundFills } from './fills.js'
import type { ResponseKey } from './key.js'
import type { RouteCacheOptions } from './options.js'
import { sendHit } from './serve.js'
import type { StoredResponse } from './stored-response.js'

export interface LookupOptions {
  readonly cache: Cache<StoredResponse>
  readonly cacheName: string
  readonly background: BackgroundFills
  readonly routeCache: RouteCacheOptions
  readonly keyFor: (request: FastifyRequest) => ResponseKey | undefined
}

/**
 * The onRequest hook of a cached route: answers from the cache, or lets the handler compute what `capture` then stores.
 * With callbacks and not async, because a hit from memory is answered without waiting for anything.
 */
export function lookupHook ({ cache, cacheName, background, routeCache, keyFor }: LookupOptions): onRequestHookHandler {
  return function lookup (request, reply, done) {
    const handedOver = background.take(request)
    const key = keyFor(request)
    if (key === undefined) {
      handedOver?.abandon()
      return done()
    }
    if (handedOver !== undefined) return fill(handedOver, key, request, reply, done)
    const hit = cache.lookup(key.key)
    if (hit !== undefined) return serve(hit, key, request, reply)

    // HEAD is answered from what GET stored; it computes nothing that could be stored (RFC 9110, 9.3.2).
    const found = request.method === 'HEAD' ? cache.find(key.key, routeCache) : cache.acquire(key.key, routeCache)
    found.then((outcome) => {
      if (outcome instanceof Fill) return fill(outcome, key, request, reply, done)
      if (outcome !== undefined) return serve(outcome, key, request, reply)
      reply.header('cache-status', formatCacheStatus(cacheName, { fwd: 'method' }))
      done()
    }).catch((error: unknown) => {
      if (error instanceof WEIR_ERR_FILL_FAILED) {
        reply.header('cache-status', formatCacheStatus(cacheName, { fwd: 'uri-miss', collapsed: true }))
      }
      done(error instanceof Error ? error : new Error(String(error)))
    })
  }

  function fill (fill: Fill<StoredResponse>, { uri }: ResponseKey, request: FastifyRequest, reply: FastifyReply, done: () => void): void {
    request.responseFill = { fill, uri, options: routeCache, before: reply.getHeaders() }
    done()
  }

  function serve (hit: Hit<StoredResponse>, key: ResponseKey, request: FastifyRequest, reply: FastifyReply): void {
    if (hit.stale && hit.unproven === undefined) background.start(request, key, hit.entry)
    sendHit(request, reply, hit, cacheName)
  }
}
