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
 * Why a response is not stored. `NO_TTL`: it may be, but no request could ever be answered with it.
 * `PARTIAL`: a 206 that does not say which bytes of how many it has, or has several ranges.
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
     * A response for everybody: served to requests with credentials, too, and stored in answer to
     * one (3.5).
     */
    readonly isPublic: boolean
  } |
  { readonly store: false, readonly reason: NotStored }

/** How a route has its responses stored. Durations are ms. */
export interface StoringOptions extends PolicyOptions {
  /**
   * Names of targeted fields, in lower case, most applicable first (RFC 9213 2.2). Default
   * CDN-Cache-Control.
   */
  readonly targets?: readonly string[]
  /** False: clients have no say, by Cache-Control or Pragma. Default true. */
  readonly requestDirectives?: boolean
  /**
   * The route's responses are for everybody, whatever credentials a request has. Default false: the
   * response decides.
   */
  readonly public?: boolean
  /**
   * The fate of a response with Set-Cookie (RFC 9111 7.3): `refuse`, the default, does not store
   * it; `strip` stores it without Set-Cookie, which only the client has that it was sent to;
   * `store` stores it with Set-Cookie, for every client.
   */
  readonly setCookie?: 'refuse' | 'strip' | 'store'
  /** Whether a field is stored that may be, by its name in lower case. Default: all are. */
  readonly keeps?: (name: string) => boolean
}

/**
 * Decides whether a shared cache stores a response (RFC 9111 3), and if so what of its headers, and
 * by which policy it is reused. For a 304, decide about what it makes of the stored headers: see
 * `updatedHeaders`.
 *
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
    /** The absolute target URI. Only of a POST: see `feedsGet`. */
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

  // RFC 9110 9.3.3: what is stored of a POST answers GET.
  const isFeed = request.method === 'POST' && feedsGet(request.uri, response, given, times)
  if (request.method !== 'GET' && !isFeed) return not('METHOD')
  // 3.3: a part is worth storing if it is known where it belongs. Elsewhere a Content-Range means
  // nothing (RFC 9110 14.4).
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
    // 5.2.2.3: who understands the status ignores the no-store beside it.
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
  // 7.3: it is one client's, unless the origin says that everything else is not, or the route knows
  // what is.
  const setCookie = options.setCookie ?? 'refuse'
  if (
    setCookie === 'refuse' &&
    headers['set-cookie'] !== undefined &&
    !withheld.includes('set-cookie')
  ) { return not('SET_COOKIE') }
  if (setCookie === 'strip') withheld.push('set-cookie')
  // 4.1: it would never be selected.
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

/** Several ranges have places of their own within the content (RFC 9110 15.3.7.2). */
const isPart = (headers: Headers) => parseContentRange(headers['content-range']) !== undefined &&
  !/^\s*multipart\/byteranges\b/i.test(singleValue(headers['content-type']) ?? '')

const not = (reason: NotStored): Storing => ({ store: false, reason })

/** What makes a response of any final status cacheable (RFC 9111 3). */
function isExplicitlyCacheable (directives: CacheControl, expires: boolean): boolean {
  return expires || ['public', 'max-age', 's-maxage'].some((name) => directives.has(name))
}
