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

/** Reason why a request goes to the handler, for Cache-Status (RFC 9211, 2.2). */
export type Forward = 'bypass' | 'method' | 'stale' | 'request' | 'partial' | Miss

/** Mistake of a route's own functions. */
export type Mistake =
  | 'INVALID_KEY'
  | 'INVALID_CONSTRAINT'
  | 'INVALID_TAG'
  | 'INVALID_REFRESH'
  | 'INVALID_UNLESS'
  | 'INVALID_ONLY_IF'

/** State shared by the fills of one route. */
export interface CachedRoute {
  readonly options: RouteCacheOptions
  /** Header fields that contain credentials, in lower case. */
  readonly credentialFields: readonly string[]
  /** Returns the route's tags of a request, or any other value that its own function returns. */
  readonly tagsOf: (request: FastifyRequest, reply: FastifyReply) => unknown
  readonly shared: SharedKeys
  /** Reason why the last response could not be stored, by the key that a request finds first. */
  readonly unstorable: RecentKeys<{ readonly reason: string, readonly until: number }>
  /** Keys for which the last client got a 304, so that nothing is stored yet. */
  readonly notModified: RecentKeys<true>
  readonly rules: PathRules
  /** Logs a mistake of the route once. */
  readonly complain: (request: FastifyRequest, about: Mistake, details: object) => void
}

/** Fill to begin, with its reason. */
export interface NewFill {
  readonly fill: Fill<StoredResponse>
  readonly target: Target
  readonly route: CachedRoute
  /** No-Vary-Search of a response whose handler sets none. */
  readonly noVarySearch: ToldVariance | undefined
  readonly fwd?: Forward | undefined
  /** Credentials of the request: header fields, and `user`. */
  readonly credentials: readonly string[]
  /**
   * True if no request waits for the fill, and its response may be private: then it says nothing
   * about the stored one.
   */
  readonly beside: boolean
  readonly purpose: 'answer' | 'head' | HandedOver['purpose']
}

/** Fill that is running the route's handler. */
export interface OngoingFill extends NewFill, Handled {
  readonly fwd: Forward
  /** Stored response that is being validated, or that may replace an error. */
  readonly stale: Entry<StoredResponse> | undefined
  readonly requestTime: number
  /** Conditions and ranges that replace the client's in the request. */
  readonly asked: AskedHeaders
  readonly remote: RemoteExchange
  readonly setCookie: RouteCacheOptions['setCookie']
  /** Restores the client's own conditions and ranges in the request. */
  readonly restore: () => void
}

/**
 * Prepares the request for a fill: the handler is asked for the complete representation, on the
 * condition that it differs from the stored one, if that can be validated (RFC 9111, 4.3.1).
 * @param showQuery restores the request's own URL
 */
export function beginFill (
  request: FastifyRequest,
  reply: FastifyReply,
  begun: NewFill,
  showQuery: () => void
): OngoingFill {
  const { fill, target, route, fwd, purpose, beside, noVarySearch, credentials } = begun
  // An expired list of variants cannot be validated.
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
 * Returns the route's `setCookie`. Cookies of hooks cannot be distinguished from the handler's, so
 * with them nothing is replayed.
 */
export const setCookieOf = (
  request: FastifyRequest,
  reply: FastifyReply,
  { setCookie }: RouteCacheOptions
): RouteCacheOptions['setCookie'] =>
  setCookie === 'store' && cookiesOfHooks(request, reply) !== undefined ? 'refuse' : setCookie
