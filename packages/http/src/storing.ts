import type { ExchangeTimes } from './age.js'
import { parseCacheControl, type CacheControl } from './cache-control.js'
import { singleValue, type Headers } from './headers.js'
import { parseContentRange } from './partial.js'
import type { Policy } from './policy.js'
import { feedsGet } from './post.js'
import { isReusable, type PolicyOptions, policyOf } from './policy-of.js'
import { responseDirectives, restricted } from './response-directives.js'
import { heuristicallyCacheable, neverStored, understood } from './statuses.js'
import { storedHeaders, type StoredHeaders } from './stored-headers.js'
import { varyNames } from './vary.js'

/**
 * The reason for not storing a response.
 *
 * `NO_TTL`: it could be stored, but no request could ever be answered with it. `PARTIAL`: a 206
 * that does not state its position and the total length, or has several ranges.
 */
export type NotStored =
  | 'METHOD'
  | 'PARTIAL'
  | 'STATUS'
  | 'REQUEST_NO_STORE'
  | 'NO_STORE'
  | 'PRIVATE'
  | 'AUTHORIZATION'
  | 'SET_COOKIE'
  | 'VARY_STAR'
  | 'NO_TTL'

export type Storing =
  {
    readonly store: true
    readonly policy: Policy
    readonly headers: StoredHeaders
    /**
     * Whether the response is for everyone: also served to requests with credentials, and stored
     * when it answers one (3.5).
     */
    readonly isPublic: boolean
  } |
  { readonly store: false, readonly reason: NotStored }

/** Route settings for storing responses. Durations are in ms. */
export interface StoringOptions extends PolicyOptions {
  /**
   * Names of targeted fields, in lower case, most applicable first (RFC 9213 2.2). Default
   * CDN-Cache-Control.
   */
  readonly targets?: readonly string[]
  /** `false` ignores the request's Cache-Control and Pragma. Default `true`. */
  readonly requestDirectives?: boolean
  /**
   * Whether the route's responses are for everyone, whatever credentials a request has. Default
   * `false`: the response decides.
   */
  readonly public?: boolean
  /**
   * Handling of a response with Set-Cookie (RFC 9111 7.3).
   *
   * `refuse`, the default, does not store it. `strip` stores it without Set-Cookie, which only the
   * original client receives. `store` stores it with Set-Cookie, for every client.
   */
  readonly setCookie?: 'refuse' | 'strip' | 'store'
  /**
   * Decides whether to store a field that may be stored, by its lower-case name. Default: store
   * all.
   */
  readonly keeps?: (name: string) => boolean
}

/**
 * Decides whether a shared cache stores a response (RFC 9111 3).
 *
 * If so, returns the headers to store and the policy for reuse. For a 304, pass the updated stored
 * headers: see `updatedHeaders`.
 * @example
 * decideStoring(
 *   { method: 'GET', headers: {} },
 *   { status: 200, headers: { 'cache-control': 's-maxage=60', etag: '"1"' } },
 *   { requestTime: 1_000, responseTime: 1_000 }
 * )
 * // {
 * //   store: true,
 * //   policy: { freshUntil: 61_000, neverStale: true, etag: '"1"', ... },
 * //   headers: { ... }
 * // }
 */
export function decideStoring (
  request: {
    readonly method: string
    /** The absolute target URI. POST only: see `feedsGet`. */
    readonly uri?: string
    readonly headers: Headers
    readonly hasCredential?: boolean
  },
  response: { readonly status: number, readonly headers: Headers },
  times: ExchangeTimes,
  options: StoringOptions = {}
): Storing {
  const { status, headers } = response
  const given = responseDirectives(headers, options.targets)
  const { directives } = given
  const noCache = restricted(directives.get('no-cache'))
  const isPrivate = restricted(directives.get('private'))
  const withheld = [...namesOf(noCache), ...namesOf(isPrivate)]
  const vary = varyNames(headers['vary'])

  // RFC 9110 9.3.3: a stored response to POST answers GET.
  const isFeed = request.method === 'POST' && feedsGet(request.uri, response, given, times)
  if (request.method !== 'GET' && !isFeed) return not('METHOD')
  // 3.3: a part is worth storing if its position is known. In other responses Content-Range has no
  // meaning (RFC 9110 14.4).
  if (status === 206 && !isPart(headers)) return not('PARTIAL')
  if (status < 200 || neverStored.has(status)) return not('STATUS')
  // 5.2.1.5
  if (
    options.requestDirectives !== false &&
    parseCacheControl(request.headers['cache-control']).has('no-store')
  ) {
    return not('REQUEST_NO_STORE')
  }
  if (directives.has('must-understand')) {
    // 5.2.2.3: a cache that understands the status ignores a no-store next to must-understand.
    if (!understood.has(status)) return not('STATUS')
  } else if (directives.has('no-store')) {
    return not('NO_STORE')
  }
  // 5.2.2.7
  if (isPrivate === 'all') return not('PRIVATE')
  // 3.5
  const isPublic =
    options.public === true ||
    ['public', 'must-revalidate', 's-maxage'].some((name) => directives.has(name))
  if (!isPublic && (request.hasCredential ?? request.headers['authorization'] !== undefined)) {
    return not('AUTHORIZATION')
  }
  // 7.3: the response belongs to one client, unless the origin says that everything else in it does
  // not, or the route decides.
  const setCookie = options.setCookie ?? 'refuse'
  if (
    setCookie === 'refuse' &&
    headers['set-cookie'] !== undefined &&
    !withheld.includes('set-cookie')
  ) { return not('SET_COOKIE') }
  if (setCookie === 'strip') withheld.push('set-cookie')
  // 4.1: the response would never be selected.
  if (vary === '*') return not('VARY_STAR')
  if (
    !heuristicallyCacheable.has(status) &&
    !isExplicitlyCacheable(directives, !given.targeted && headers['expires'] !== undefined)
  ) {
    return not('STATUS')
  }

  const policy = policyOf(
    { request, response, given, noCache: noCache === 'all', vary, times },
    options
  )
  if (!isReusable(policy, times.responseTime)) return not('NO_TTL')
  return {
    store: true,
    policy,
    headers: storedHeaders(headers, withheld, policy.date, options.keeps),
    isPublic
  }
}

const namesOf = (restricted: readonly string[] | 'all' | undefined): readonly string[] =>
  typeof restricted === 'object' ? restricted : []

/** Several ranges have their positions within the content (RFC 9110 15.3.7.2). */
const isPart = (headers: Headers) => parseContentRange(headers['content-range']) !== undefined &&
  !/^\s*multipart\/byteranges\b/i.test(singleValue(headers['content-type']) ?? '')

const not = (reason: NotStored): Storing => ({ store: false, reason })

/** Reports whether a response of any final status is cacheable (RFC 9111 3). */
function isExplicitlyCacheable (directives: CacheControl, expires: boolean): boolean {
  return expires || ['public', 'max-age', 's-maxage'].some((name) => directives.has(name))
}
