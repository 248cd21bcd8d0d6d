import type { Entry, Fill } from '@weir/cache'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { AskedHeaders } from './asked-headers.js'
import { type Handled, handledFields } from './fields.js'
import type { HandedOver } from './fills.js'
import { cookiesOfHooks } from './left-for-on-send.js'
import type { RouteCacheOptions } from './options.js'
import { type RemoteExchange, remoteExchange } from './proxied.js'
import type { PathRules } from './path-rules.js'
import type { RecentKeys } from '@weir/internal'
import type { SharedKeys } from './shared-keys.js'
import type { StoredResponse } from './stored-response.js'
import { type Miss, missOf, primaryKey, type Target } from './target.js'
import type { ToldVariance } from './told-variance.js'

/** Why a request goes to the handler, for Cache-Status (RFC 9211, 2.2). */
export type Forward = 'bypass' | 'method' | 'stale' | 'request' | 'partial' | Miss

/** A mistake of a route's own functions. */
export type Mistake =
  | 'INVALID_KEY'
  | 'INVALID_CONSTRAINT'
  | 'INVALID_TAG'
  | 'INVALID_REFRESH'
  | 'INVALID_UNLESS'
  | 'INVALID_ONLY_IF'

/** What the fills of one route have in common. */
export interface CachedRoute {
  readonly options: RouteCacheOptions
  /** Header fields that credentials are in, in lower case. */
  readonly credentialFields: readonly string[]
  /** Gives the route's tags of a request, or whatever its own function gives in their place. */
  readonly tagsOf: (request: FastifyRequest, reply: FastifyReply) => unknown
  readonly shared: SharedKeys
  /** Why what was last answered could not be stored, by the key that a request finds first. */
  readonly unstorable: RecentKeys<{ readonly reason: string, readonly until: number }>
  /**
   * Keys of which a client was last told that it has the response, so that there is still nothing
   * stored.
   */
  readonly notModified: RecentKeys<true>
  readonly rules: PathRules
  /** Logs a mistake of the route's, once. */
  readonly complain: (request: FastifyRequest, about: Mistake, details: object) => void
}

/** A fill to begin, and why. */
export interface NewFill {
  readonly fill: Fill<StoredResponse>
  readonly target: Target
  readonly route: CachedRoute
  /** The No-Vary-Search of a response whose handler sets none. */
  readonly noVarySearch: ToldVariance | undefined
  readonly fwd?: Forward | undefined
  /** The credentials of the request: header fields, and `user`. */
  readonly credentials: readonly string[]
  /**
   * Nobody waits for it, and its response may be its client's alone: if so it says nothing of what
   * is stored.
   */
  readonly beside: boolean
  readonly purpose: 'answer' | 'head' | HandedOver['purpose']
}

/** A fill on its way through a route's handler. */
export interface OngoingFill extends NewFill, Handled {
  readonly fwd: Forward
  /** The stored response that is being validated, or that may stand in for an error. */
  readonly stale: Entry<StoredResponse> | undefined
  readonly requestTime: number
  /** The conditions and ranges that stand in the request in place of the client's. */
  readonly asked: AskedHeaders
  readonly remote: RemoteExchange
  readonly setCookie: RouteCacheOptions['setCookie']
  /**
   * Gives the request back what the client had asked of its response, and not of the stored one.
   */
  readonly restore: () => void
}

/**
 * Makes the request one for a fill: the handler is asked for the whole representation, on the
 * condition that it is another than the stored one, if there is one that can be validated (RFC
 * 9111, 4.3.1).
 * @param showQuery has the request say its own URL again
 */
export function beginFill (
  request: FastifyRequest,
  reply: FastifyReply,
  begun: NewFill,
  showQuery: () => void
): OngoingFill {
  const { fill, target, route, fwd, purpose, beside, noVarySearch, credentials } = begun
  // Of an expired list of variants there is nothing to validate.
  const stale = fill.stale?.value.isSignpost === true ? undefined : fill.stale
  const asked = new AskedHeaders(request, {
    stale: purpose === 'refetch' || purpose === 'head' ? undefined : stale,
    isWhole: purpose === 'refetch' || purpose === 'refill',
    isOwn: beside || purpose === 'head',
    fetchesAgain: () => route.notModified.get(primaryKey(target)) === true
  })
  const { before, written } = handledFields(reply)
  return {
    fill,
    target,
    route,
    noVarySearch,
    credentials,
    beside,
    purpose,
    stale,
    fwd: fwd ?? (stale !== undefined ? 'stale' : missOf(target)),
    before,
    written,
    requestTime: Date.now(),
    asked,
    restore () {
      asked.restore()
      showQuery()
    },
    remote: remoteExchange(request, reply, (run) => asked.forward(run)),
    setCookie: setCookieOf(request, reply, route.options)
  }
}

/**
 * The route's `setCookie`. Where hooks have cookies of their own, nobody could tell them from the
 * handler's: nothing is replayed.
 */
export const setCookieOf = (
  request: FastifyRequest,
  reply: FastifyReply,
  { setCookie }: RouteCacheOptions
): RouteCacheOptions['setCookie'] =>
  setCookie === 'store' && cookiesOfHooks(request, reply) !== undefined ? 'refuse' : setCookie
