import { CacheError, type Hit } from '@weir/cache'
import {
  appendCacheStatus,
  type CacheStatus,
  formatCacheStatus,
  parseCacheControl
} from '@weir/http'
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify'
import { WEIR_CACHE_REENTRANT_FILL, WEIR_ERR_ONLY_IF_CACHED } from '../errors.js'
import { followHead } from '../fragments/follow.js'
import { noteRefusal } from '../refusals.js'
import { AskedHeaders } from './asked-headers.js'
import type { CachedHandlerOptions } from './cached-handler.js'
import { Capture } from './capture.js'
import { barring } from './credentials.js'
import { sendEarlyHints, wantsEarlyHints } from './early-hints.js'
import { chooseEncodingForRange } from './encoding.js'
import { handledFields, withoutConnectionFields } from './fields.js'
import type { HandedOver } from './fills.js'
import { bypass, type Finder, type Found, type Pass } from './finding.js'
import type { Head } from './head.js'
import { type ResponseKey, ruledKey } from './key.js'
import type { leftForOnSend } from './left-for-on-send.js'
import { whyNotAsked, whyOfHooks, whyUnless } from './not-asked.js'
import { beginFill, type NewFill, setCookieOf } from './ongoing-fill.js'
import { hasDotSegments, splitTarget } from './path.js'
import { PostFeed } from './post-feed.js'
import { PostTap } from './post-tap.js'
import { remoteExchange } from './proxied.js'
import { hideUndeclared } from './query.js'
import { refreshes } from './refresh.js'
import type { Selection } from './selection.js'
import { answerTo, sendHit } from './serve.js'
import { hasConditions, type StoredResponse } from './stored-response.js'
import { exactKey, missOf, type Target } from './target.js'
import type { ToldVariance } from './told-variance.js'
import { type Plan, tapResponse } from './wire.js'

/** State shared by the requests of one route. */
export interface HandlingContext {
  readonly options: CachedHandlerOptions
  /** The route's own handler. */
  readonly handler: RouteHandlerMethod
  readonly finder: Finder
  /** Whether Cache-Control and Pragma of requests apply. */
  readonly mayAsk: boolean
  readonly leftByHooks: typeof leftForOnSend
}

/**
 * Handles one request of a cached route, from the end of its hooks until its response is being
 * sent.
 */
export class Handling {
  /** Restores the URL of the request; undefined if it is unchanged. */
  readonly #hidden: (() => void) | undefined
  readonly #noVarySearch: ToldVariance | undefined
  #known: readonly string[] | undefined

  constructor (
    readonly context: HandlingContext,
    readonly app: FastifyInstance,
    readonly request: FastifyRequest,
    readonly reply: FastifyReply,
    readonly selection: Selection
  ) {
    const { queryNames, noVarySearch } = selection
    this.#hidden = hideUndeclared(request, queryNames)
    // A hook may have read parameters that the handler does not see, such as a signature:
    // downstream caches run no hooks.
    this.#noVarySearch =
      noVarySearch === undefined
        ? undefined
        : { field: noVarySearch, isTold: this.#hidden === undefined }
  }

  /**
   * Answers from the cache, or runs the route's own handler. Returns the result as a handler does.
   */
  answer (): unknown {
    const {
      request,
      reply,
      selection: { keyFor, encodes },
      context: {
        options: { internal, route }
      }
    } = this
    const handedOver = internal.take(request)
    const unasked = whyNotAsked(request, reply) ?? whyUnless(request, route)
    if (unasked !== undefined) {
      handedOver?.fill.abandon()
      return this.#unasked(unasked)
    }
    if (encodes) chooseEncodingForRange(request)
    const exact = keyFor(request)
    if (typeof exact === 'string') {
      handedOver?.fill.abandon()
      route.complain(request, exact, {})
      return this.#pass(bypass(exact))
    }
    if (handedOver !== undefined) return this.#carryOut(handedOver, exact)
    return refreshes(request, route) ? this.#refresh(exact) : this.#find(exact)
  }

  /**
   * Computes the response anew. If credentials prevent sharing, the application requests it from
   * itself without them, as for a refill, and the request is answered as usual.
   */
  #refresh (exact: ResponseKey): unknown {
    const {
      request,
      selection: { vary },
      context: {
        finder,
        options: { internal, route, credentialsOf }
      }
    } = this
    const hasCredential = credentialsOf(request).length > 0
    const acquire = {
      onOutage: route.options.onOutage ?? 'bypass',
      beside: false,
      mayBeOwn: hasCredential,
      renew: true
    }
    const found = finder.find(
      request,
      { exact, vary },
      { asks: false, credentials: this.#credentials, acquire }
    )
    if (!hasCredential || route.options.public === true) {
      return later(found.then(({ found, target }) => this.#found(found, target, false)))
    }
    return later(
      found
        .then(({ found, target }) =>
          found.kind === 'fill'
            ? internal.refresh(request, found.fill, target, route.credentialFields)
            : undefined
        )
        .catch((error: unknown) => {
          request.log.warn({ err: error, key: exact.key }, 'a response could not be recomputed')
        })
        .then(() => this.#find(exact))
    )
  }

  #unasked (why: Pass): unknown {
    const {
      request,
      selection: { vary, keyFor },
      context: {
        options: { cache, route }
      }
    } = this
    if (why.detail === 'PRECONDITION' && this.#isOnlyIfCached()) {
      throw this.#refusing(new WEIR_ERR_ONLY_IF_CACHED())
    }
    const key = this.#mayFeed() ? keyFor(request) : undefined
    if (typeof key !== 'object') return this.#pass(why)
    return later(
      PostFeed.begin({ cache, key, request, route: route.options }).then((begun) => {
        if (begun === undefined) return this.#pass(why)
        this.#feed(begun, { key, names: vary })
        return this.#run()
      })
    )
  }

  /**
   * Carries out an internal fill. A refill has no credentials; a refetched response is for its
   * client.
   */
  #carryOut (handedOver: HandedOver, exact: ResponseKey): unknown {
    this.request.cacheResult = { outcome: 'refill', cost: 0 }
    if (exact.key === exactKey(handedOver.target).key) {
      const { fill, target, purpose } = handedOver
      return this.#fill({ fill, target, purpose, beside: false })
    }
    // The request, sent without the client's credentials, has led to a different response.
    handedOver.fill.abandon()
    return this.#pass(bypass('REFILL'))
  }

  #find (exact: ResponseKey): unknown {
    const {
      request,
      selection: { vary },
      context: {
        finder,
        mayAsk,
        options: { cache, route, credentialsOf }
      }
    } = this
    const { headers } = request
    const key = ruledKey(exact, route.rules.known(exact))
    const asks =
      mayAsk && (headers['cache-control'] !== undefined || headers['pragma'] !== undefined)
    if (!asks) {
      const hit = cache.lookup(key.key)
      if (hit?.entry.value.isWhole === true) {
        route.rules.lookLater(exact, request.log)
        return this.#hit({ hit, refresh: hit.stale }, { key, names: vary })
      }
    }
    // The handler evaluates its own conditions and ranges, and its response must not be shared.
    const unstorable =
      hasConditions(headers) && !this.#isOnlyIfCached() ? route.unstorable.get(key.key) : undefined
    if (unstorable !== undefined && Date.now() < unstorable.until) {
      return this.#pass(bypass(unstorable.reason))
    }
    // The response is probably for its client alone: other requests would wait in vain.
    const hasCredential = credentialsOf(request).length > 0
    const isBarred = hasCredential && route.options.public !== true
    const beside = isBarred
      ? !route.shared.has(key.key)
      : hasCredential && route.shared.wasOwn(key.key)
    const mayBeOwn = hasCredential || headers.range !== undefined
    const { onOutage = 'bypass' } = route.options
    // Adding to a spread object would cost more than the rest of this function.
    const acquire = { onOutage, beside, mayBeOwn }
    return later(
      finder
        .find(request, { exact, vary }, { asks, credentials: this.#credentials, acquire })
        .then(({ found, target }) => this.#found(found, target, beside))
        .catch((error: unknown) => {
          throw this.#refusing(asRequestError(error, request))
        })
    )
  }

  #found (found: Found, target: Target, beside: boolean): unknown {
    switch (found.kind) {
      case 'fill':
        return this.#fill({
          fill: found.fill,
          target,
          beside,
          fwd: found.fwd === 'uri-miss' ? missOf(target) : found.fwd,
          purpose: found.purpose ?? 'answer'
        })
      case 'pass':
        return this.#pass(found.fwd === 'uri-miss' ? { ...found, fwd: missOf(target) } : found)
      case 'hit':
        return this.#hit(found, target)
    }
  }

  #hit ({ hit, refresh }: Omit<Found & { kind: 'hit' }, 'kind'>, target: Target): unknown {
    const {
      request,
      reply,
      context: {
        options,
        options: { internal, route },
        leftByHooks
      }
    } = this
    const why =
      whyNotServed(hit, barring(this.#credentials, target.names)) ?? leftByHooks(request, reply)
    if (why !== undefined) return this.#pass(bypass(why))
    const now = Date.now()
    const asked = answerTo(request, hit.entry, now)
    if (asked === undefined) return this.#pass(bypass('PARTIAL'))
    this.#hidden?.()
    if (refresh && hit.unverified === undefined) {
      internal.refill(request, target, hit.entry, route.credentialFields)
    }
    if (route.options.earlyHints === true && wantsEarlyHints(request)) {
      sendEarlyHints(reply, hit.entry.value)
    }
    sendHit(request, reply, { hit, asked, target, noVarySearch: this.#noVarySearch, now }, options)
    return undefined
  }

  #fill ({
    fill,
    target,
    fwd,
    purpose,
    beside
  }: Omit<NewFill, 'route' | 'noVarySearch' | 'credentials'>): unknown {
    const {
      request,
      reply,
      context: {
        options,
        options: { route }
      }
    } = this
    const newFill = {
      fill,
      target,
      fwd,
      purpose,
      beside,
      route,
      noVarySearch: this.#noVarySearch,
      credentials: this.#credentials
    }
    if (
      route.options.earlyHints === true &&
      newFill.purpose === 'answer' &&
      wantsEarlyHints(request)
    ) { hintBeforeValidation(newFill, request, reply) }
    const ongoing = beginFill(request, reply, newFill, () => {
      this.#hidden?.()
    })
    const tapped = tapResponse(reply.raw, new Capture(request, reply, ongoing, options))
    // The handler runs as the function of the fill, so that a request for its own response is
    // detected.
    const result = fill.run(() => this.#run())
    if (result instanceof Promise) {
      result.then(
        (value) => {
          if (value === undefined && !reply.sent) tapped.settled()
        },
        () => {}
      )
    }
    return result
  }

  /** Runs the handler for this client only; Cache-Status has the reason. */
  #pass ({ fwd, detail }: Pass): unknown {
    const {
      request,
      reply,
      context: {
        options,
        options: { cacheName }
      }
    } = this
    const status: CacheStatus = detail === undefined ? { fwd } : { fwd, detail }
    const member = formatCacheStatus(cacheName, status)
    request.cacheResult = { outcome: 'bypass', reason: detail ?? request.method, cost: 0 }
    remoteExchange(request, reply)
    tapResponse(reply.raw, {
      head: (given: Head): Plan => {
        this.#hidden?.()
        followHead(request, given)
        const { fields, ...head } = withoutConnectionFields(given)
        options.edge?.forbid(fields)
        return {
          kind: 'pass',
          head: {
            ...head,
            fields: {
              ...fields,
              'cache-status': appendCacheStatus(fields['cache-status'], member)
            }
          }
        }
      },
      closed () {},
      lingers: () => false
    })
    return this.#run()
  }

  /** Turns the response to a POST into one to GET, if that is allowed. */
  #feed (begun: PostFeed, target: Target): void {
    const {
      request,
      reply,
      context: {
        options,
        options: { route }
      }
    } = this
    request.postFeed = begun
    request.cacheResult = { outcome: 'bypass', reason: 'METHOD', cost: 0 }
    const ongoing = {
      target,
      route,
      noVarySearch: this.#noVarySearch,
      credentials: this.#credentials,
      beside: true,
      purpose: 'answer',
      fwd: 'method',
      stale: undefined,
      requestTime: Date.now(),
      setCookie: setCookieOf(request, reply, route.options),
      asked: new AskedHeaders(request, {
        stale: undefined,
        isWhole: false,
        isOwn: true,
        fetchesAgain: () => false
      }),
      remote: remoteExchange(request, reply),
      restore: () => {
        this.#hidden?.()
      },
      ...handledFields(reply)
    } as const
    tapResponse(reply.raw, new PostTap(begun, reply, ongoing, options))
  }

  #run (): unknown {
    return this.context.handler.call(this.app, this.request, this.reply)
  }

  /** Credentials of the request; none if the route's responses are public. */
  get #credentials (): readonly string[] {
    const { route, credentialsOf } = this.context.options
    this.#known ??= route.options.public === true ? NONE : credentialsOf(this.request)
    return this.#known
  }

  /**
   * Returns whether the response to a POST may become one to GET: the invalidation plugin sees the
   * write, and no outbox delays it.
   */
  #mayFeed (): boolean {
    const {
      request: {
        method,
        url,
        headers: { upgrade },
        routeOptions: { method: served }
      },
      reply,
      context: { options }
    } = this
    const isServed =
      method === 'POST' &&
      [served].flat().includes('GET') &&
      upgrade === undefined &&
      !hasDotSegments(url) &&
      !url.includes('#')
    const isSeen =
      reply.handlerOutcome !== undefined &&
      reply.handlerOutcome !== null &&
      options.outbox === undefined
    return (
      isServed &&
      isSeen &&
      options.route.options.key === undefined &&
      whyOfHooks(reply) === undefined &&
      whyUnless(this.request, options.route) === undefined
    )
  }

  /** Returns whether the request has `only-if-cached` (RFC 9111, 5.2.1.7). */
  #isOnlyIfCached (): boolean {
    return (
      this.context.mayAsk &&
      parseCacheControl(this.request.headers['cache-control']).has('only-if-cached')
    )
  }

  /** Returns the error for a client that accepts only a stored response. */
  #refusing (error: unknown): unknown {
    const { cacheName } = this.context.options
    noteRefusal(error, this.request)
    if (error instanceof WEIR_ERR_ONLY_IF_CACHED) {
      this.reply.header('cache-status', formatCacheStatus(cacheName, { detail: 'ONLY_IF_CACHED' }))
    }
    return error
  }
}

const NONE: readonly string[] = []

/** Sends hints from a response that is no longer fresh, unless it has been invalidated. */
function hintBeforeValidation (
  { fill, credentials, target }: NewFill,
  request: FastifyRequest,
  reply: FastifyReply
): void {
  const stale = fill.stale?.value
  if (stale === undefined || stale.isSignpost) return
  if (barring(credentials, target.names) !== undefined && !stale.isPublic) return
  fill
    .validStale()
    .then((valid) => {
      if (valid !== undefined) sendEarlyHints(reply, stale)
    })
    .catch((error: unknown) => {
      request.log.warn({ err: error }, 'early hints could not be sent')
    })
}

const whyNotServed = (
  { entry }: Hit<StoredResponse>,
  credential: string | undefined
): string | undefined =>
  credential === undefined || entry.value.isPublic ? undefined : credential.toUpperCase()

/**
 * Never resolves for a handler that returns nothing and answers later: resolving with nothing would
 * answer in its place.
 */
const later = (result: Promise<unknown>): Promise<unknown> => new Promise((resolve, reject) => {
  result.then((result) => { if (result !== undefined) resolve(result) }, reject)
})

/**
 * Reports a mistake of the application with the URL, which its developers know, instead of the key.
 */
function asRequestError (error: unknown, { method, url }: FastifyRequest): unknown {
  if (error instanceof CacheError && error.code === 'WEIR_CACHE_REENTRANT_FILL') {
    return new WEIR_CACHE_REENTRANT_FILL(method, splitTarget(url)[0])
  }
  return error
}
