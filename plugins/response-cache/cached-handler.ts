import { CacheError, type Hit } from '@weir/cache'
import { appendCacheStatus, type CacheStatus, formatCacheStatus, parseCacheControl } from '@weir/http'
import type { FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify'
import { WEIR_CACHE_REENTRANT_FILL, WEIR_ERR_ONLY_IF_CACHED } from '../errors.js'
import { AskedHeaders } from './asked-headers.js'
import { Capture, type CaptureOptions } from './capture.js'
import { barring } from './credentials.js'
import { chooseEncodingForRange } from './encoding.js'
import { handledFields, withoutConnectionFields } from './fields.js'
import { bypass, type Found, Finder, type Pass } from './finding.js'
import { ruledKey } from './key.js'
import { cookiesOfHooks, leftForOnSend } from './left-for-on-send.js'
import { beginFill, type CachedRoute, type NewFill, setCookieOf } from './ongoing-fill.js'
import { hasDotSegments, splitTarget } from './path.js'
import { PostFeed } from './post-feed.js'
import { PostTap } from './post-tap.js'
import type { Selection } from './selection.js'
import { hideUndeclared } from './query.js'
import { answerTo, sendHit } from './serve.js'
import type { ToldVariance } from './told-variance.js'
import { sendEarlyHints, wantsEarlyHints } from './early-hints.js'
import { remoteExchange } from './proxied.js'
import { hasConditions, type StoredResponse } from './stored-response.js'
import { exactKey, missOf, type Target } from './target.js'
import type { Head } from './head.js'
import { type Plan, tapResponse } from './wire.js'

export interface CachedHandlerOptions extends CaptureOptions {
  readonly route: CachedRoute
  readonly selectionOf: (request: FastifyRequest) => Selection
}

/**
 * The handler of a cached route. It stands in for the route's own and for nothing before it: access checks, validation and
 * whatever else hooks do is done for a hit as for a miss.
 */
export function cachedHandler (options: CachedHandlerOptions, handler: RouteHandlerMethod): RouteHandlerMethod {
  const { cache, internal, route, selectionOf, credentialsOf } = options
  const { options: routeOptions } = route
  const mayAsk = routeOptions.requestDirectives !== false
  const leftByHooks = routeOptions.setCookie === 'store' ? cookiesOfHooks : leftForOnSend
  const finder = new Finder({ cache, route, credentialsOf })

  return function (request, reply) {
    const { vary, keyFor, queryNames, noVarySearch: variance, encodes } = selectionOf(request)
    const hidden = hideUndeclared(request, queryNames)
    const showQuery = hidden ?? (() => {})
    // A hook may have judged by what the handler does not see, such as a signature: other caches run no hooks.
    const noVarySearch = variance === undefined ? undefined : { field: variance, isTold: hidden === undefined }
    const run = (): unknown => handler.call(this, request, reply)
    const passed = (why: Pass): unknown => {
      pass(why, { showQuery, request, reply })
      return run()
    }
    const handedOver = internal.take(request)
    const unasked = whyNotAsked(request, reply)
    if (unasked !== undefined) {
      handedOver?.fill.abandon()
      if (unasked.detail === 'PRECONDITION' && isOnlyIfCached(request)) throw refusing(reply, new WEIR_ERR_ONLY_IF_CACHED())
      const key = mayFeed(request, reply) ? keyFor(request) : undefined
      if (typeof key !== 'object') return passed(unasked)
      return later(PostFeed.begin({ cache, key, request, route: routeOptions }).then((begun) => {
        if (begun === undefined) return passed(unasked)
        feed(begun, { key, names: vary }, noVarySearch, { showQuery, request, reply })
        return run()
      }))
    }
    if (encodes) chooseEncodingForRange(request)
    const exact = keyFor(request)
    if (typeof exact === 'string') {
      handedOver?.fill.abandon()
      route.complain(request, exact, {})
      return passed(bypass(exact))
    }
    const credentials = routeOptions.public === true ? [] : credentialsOf(request)
    if (handedOver !== undefined) {
      request.cacheResult = { outcome: 'refill', cost: 0 }
      if (exact.key === exactKey(handedOver.target).key) {
        // A refill has no credentials; what is fetched again is for its client.
        return fill({ ...handedOver, route, noVarySearch, credentials, beside: false }, { showQuery, request, reply }, run)
      }
      // The request has come elsewhere, without the client's credentials.
      handedOver.fill.abandon()
      return passed(bypass('REFILL'))
    }
    const key = ruledKey(exact, route.rules.known(exact))
    const asks = mayAsk && (request.headers['cache-control'] !== undefined || request.headers['pragma'] !== undefined)
    if (!asks) {
      const hit = cache.lookup(key.key)
      if (hit?.entry.value.isWhole === true) {
        route.rules.lookLater(exact, request.log)
        return act({ kind: 'hit', hit, refresh: hit.stale }, { key, names: vary })
      }
    }
    // The handler knows its own conditions and ranges, and nobody else is to have its answer.
    const unstorable = hasConditions(request.headers) && !isOnlyIfCached(request) ? route.unstorable.get(key.key) : undefined
    if (unstorable !== undefined && Date.now() < unstorable.until) return passed(bypass(unstorable.reason))
    // Its response is likely to be for its client alone: others would wait for nothing.
    const hasCredential = credentialsOf(request).length > 0
    const beside = credentials.length > 0 ? !route.shared.has(key.key) : hasCredential && route.shared.wasOwn(key.key)
    const mayBeOwn = hasCredential || request.headers.range !== undefined
    const resolved = finder.find(request, { exact, vary }, { asks, credentials, acquire: { ...routeOptions, beside, mayBeOwn } })
    return later(resolved
      .then(({ found, target }) => act(found, target))
      .catch((error: unknown) => { throw refusing(reply, asRequestError(error, request)) }))

    function act (found: Found, target: Target): unknown {
      if (found.kind === 'fill') {
        const { fill: begun, purpose = 'answer' } = found
        const fwd = found.fwd === 'uri-miss' ? missOf(target) : found.fwd
        return fill({ fill: begun, target, route, noVarySearch, fwd, credentials, beside, purpose }, { showQuery, request, reply }, run)
      }
      if (found.kind === 'pass') return passed(found.fwd === 'uri-miss' ? { ...found, fwd: missOf(target) } : found)
      const { hit, refresh } = found
      const why = whyNotServed(hit, barring(credentials, target.names)) ?? leftByHooks(request, reply)
      if (why !== undefined) return passed(bypass(why))
      const asked = answerTo(request, hit.entry, Date.now())
      if (asked === undefined) return passed(bypass('PARTIAL'))
      showQuery()
      if (refresh && hit.unverified === undefined) internal.refill(request, target, hit.entry, route.credentialFields)
      if (routeOptions.earlyHints === true && wantsEarlyHints(request)) sendEarlyHints(reply, hit.entry.value)
      sendHit(request, reply, { hit, asked, target, noVarySearch }, options)
      return undefined
    }
  }

  /** Whether the response to a POST may become one to GET: the invalidation plugin sees the write, and no outbox delays it. */
  function mayFeed ({ method, url, headers: { upgrade }, routeOptions: { method: served } }: FastifyRequest, reply: FastifyReply): boolean {
    const isServed = method === 'POST' && [served].flat().includes('GET') && upgrade === undefined && !hasDotSegments(url) && !url.includes('#')
    const isSeen = reply.handlerOutcome !== undefined && reply.handlerOutcome !== null && options.outbox === undefined
    return isServed && isSeen && routeOptions.key === undefined && whyOfHooks(reply) === undefined
  }

  function feed (
    begun: PostFeed, target: Target, noVarySearch: ToldVariance | undefined, { showQuery, request, reply }: Handling
  ): void {
    request.postFeed = begun
    request.cacheResult = { outcome: 'bypass', reason: 'METHOD', cost: 0 }
    const ongoing = {
      target,
      route,
      noVarySearch,
      credentials: routeOptions.public === true ? [] : credentialsOf(request),
      beside: true,
      purpose: 'answer',
      fwd: 'method',
      stale: undefined,
      requestTime: Date.now(),
      setCookie: setCookieOf(request, reply, routeOptions),
      asked: new AskedHeaders(request, { stale: undefined, isWhole: false, isOwn: true, fetchesAgain: () => false }),
      remote: remoteExchange(request, reply),
      restore: showQuery,
      ...handledFields(reply)
    } as const
    tapResponse(reply.raw, new PostTap(begun, reply, ongoing, options))
  }

  /** RFC 9111, 5.2.1.7. */
  function isOnlyIfCached ({ headers }: FastifyRequest): boolean {
    return mayAsk && parseCacheControl(headers['cache-control']).has('only-if-cached')
  }

  /** The error of a client that wants what is stored, and nothing else. */
  function refusing (reply: FastifyReply, error: unknown): unknown {
    if (error instanceof WEIR_ERR_ONLY_IF_CACHED) reply.header('cache-status', formatCacheStatus(options.cacheName, { detail: 'ONLY_IF_CACHED' }))
    return error
  }

  function fill (begun: NewFill, { showQuery, request, reply }: Handling, run: () => unknown): unknown {
    if (routeOptions.earlyHints === true && begun.purpose === 'answer' && wantsEarlyHints(request)) hintBeforeValidation(begun, request, reply)
    const ongoing = beginFill(request, reply, begun)
    const restore = () => {
      ongoing.restore()
      showQuery()
    }
    const tapped = tapResponse(reply.raw, new Capture(request, reply, { ...ongoing, restore }, options))
    // The handler is this fill's function: one that asks for its own response would wait for itself.
    const result = begun.fill.run(run)
    if (result instanceof Promise) result.then((value) => { if (value === undefined && !reply.sent) tapped.settled() }, () => {})
    return result
  }

  /** The handler's answer is for the client alone; Cache-Status says why. */
  function pass (why: Pass, { showQuery, request, reply }: Handling): void {
    const { fwd, detail } = why
    const status: CacheStatus = detail === undefined ? { fwd } : { fwd, detail }
    const member = formatCacheStatus(options.cacheName, status)
    request.cacheResult = { outcome: 'bypass', reason: detail ?? request.method, cost: 0 }
    remoteExchange(request, reply)
    tapResponse(reply.raw, {
      head (given: Head): Plan {
        showQuery()
        const { fields, ...head } = withoutConnectionFields(given, given.fields)
        return { kind: 'pass', head: { ...head, fields: { ...fields, 'cache-status': appendCacheStatus(fields['cache-status'], member) } } }
      },
      closed () {},
      lingers: () => false
    })
  }
}

/** Hints at what a response that is no longer fresh links to, unless it has been invalidated. */
function hintBeforeValidation ({ fill, credentials, target }: NewFill, request: FastifyRequest, reply: FastifyReply): void {
  const stale = fill.stale?.value
  if (stale === undefined || stale.isSignpost) return
  if (barring(credentials, target.names) !== undefined && !stale.isPublic) return
  fill.validStale()
    .then((valid) => { if (valid !== undefined) sendEarlyHints(reply, stale) })
    .catch((error: unknown) => { request.log.warn({ err: error }, 'early hints could not be sent') })
}

/** A request on its way through the route's handler. */
interface Handling {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  /** Has the request say its own URL again. */
  readonly showQuery: () => void
}

/** Why a request is for the handler alone, whatever is stored. */
function whyNotAsked ({ method, url, headers, body, validationError }: FastifyRequest, reply: FastifyReply): Pass | undefined {
  if (method !== 'GET' && method !== 'HEAD') return { kind: 'pass', fwd: 'method', detail: 'METHOD' }
  if (headers.upgrade !== undefined) return bypass('UPGRADE')
  // A target has none (RFC 9112, 3.2): routers take it for a query, others for nothing.
  if (url.includes('#')) return bypass('FRAGMENT')
  if (hasBody(headers, body)) return bypass('BODY')
  if (validationError !== undefined && validationError !== null) return bypass('INVALID')
  // The origin is to evaluate these (RFC 9111, 4.3.2).
  if (headers['if-match'] !== undefined || headers['if-unmodified-since'] !== undefined) return bypass('PRECONDITION')
  return whyOfHooks(reply)
}

// RFC 9110, 9.3.1: it has no meaning, but for those who give it one.
const hasBody = ({ 'content-length': length = '0', 'transfer-encoding': coding }: FastifyRequest['headers'], body: unknown) =>
  length !== '0' || coding !== undefined || (body !== undefined && body !== null)

/** The reason why a reply, as hooks before the handler have made it, goes with no other's body. */
function whyOfHooks (reply: FastifyReply): Pass | undefined {
  if (reply.statusCode !== 200) return bypass('STATUS')
  if (String(reply.getHeader('content-security-policy')).includes("'nonce-")) return bypass('NONCE')
  // Middleware does this to add to what is sent last: nobody sees it before it is on its way.
  return Object.hasOwn(reply.raw, 'writeHead') ? bypass('WRITE_HEAD') : undefined
}

const whyNotServed = ({ entry }: Hit<StoredResponse>, credential: string | undefined): string | undefined =>
  credential === undefined || entry.value.isPublic ? undefined : credential.toUpperCase()

/** A handler that returns nothing answers later: a promise of nothing would answer for it. */
const later = (result: Promise<unknown>): Promise<unknown> => new Promise((resolve, reject) => {
  result.then((result) => { if (result !== undefined) resolve(result) }, reject)
})

/** A mistake of the application is told with the URL, which its developers know, in place of the key. */
function asRequestError (error: unknown, { method, url }: FastifyRequest): unknown {
  if (error instanceof CacheError && error.code === 'WEIR_CACHE_REENTRANT_FILL') return new WEIR_CACHE_REENTRANT_FILL(method, splitTarget(url)[0])
  return error
}
