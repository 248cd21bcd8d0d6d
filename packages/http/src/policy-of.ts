import { dateOf, initialAge, type ExchangeTimes } from './age.js'
import { type CacheControl, deltaSeconds } from './cache-control.js'
import { explicitLifetime, heuristicLifetime, type Lifetime } from './freshness.js'
import { singleValue, type Headers } from './headers.js'
import { parseHttpDate } from './http-date.js'
import { hasValidators, type Policy } from './policy.js'
import type { ResponseDirectives } from './response-directives.js'
import { heuristicallyCacheable } from './statuses.js'
import { variantKey } from './vary.js'

/** How long a route has its responses reused. Durations are ms. */
export interface PolicyOptions {
  /**
   * Fixes how long this cache takes a response for fresh, from when it was received: `max-age`,
   * `s-maxage`, Expires and the `no-cache` of Cache-Control are then for other caches. It does not
   * make storable what is not; for a status that only the response's own explicit freshness makes
   * cacheable, it is an upper bound. Without it the origin decides.
   */
  readonly ttl?: number
  /** An upper bound for what the origin decides. */
  readonly maxTtl?: number
  /**
   * False: a response that does not say how long it is fresh is stale (RFC 9111 4.2.2). Default
   * true.
   */
  readonly heuristic?: boolean
  /**
   * Replaces the response's stale-while-revalidate (RFC 5861 3) where the response had a lifetime:
   * by itself, by a heuristic or by `ttl`. One that was stale from the start keeps its own, at most
   * as long as this.
   */
  readonly staleWhileRevalidate?: number
  /** Replaces the response's stale-if-error (RFC 5861 4), by the same rule. */
  readonly staleIfError?: number
}

/** A response that may be stored, and what is known of it. */
export interface Storable {
  readonly request: { readonly headers: Headers }
  readonly response: { readonly status: number, readonly headers: Headers }
  readonly given: ResponseDirectives
  /** It has `no-cache`, and that for all of it. */
  readonly noCache: boolean
  readonly vary: readonly string[]
  readonly times: ExchangeTimes
}

/** Works out the policy by which a response is reused. */
export function policyOf (storable: Storable, options: PolicyOptions): Policy {
  const { request, response: { status, headers }, given, vary, times } = storable
  const { directives } = given
  const date = dateOf(headers, times)
  const bornAt = times.responseTime - initialAge(headers, times, date)
  const fixed = options.ttl !== undefined && heuristicallyCacheable.has(status)
  const { lifetime, source }: Omit<Lifetime, 'source'> & Pick<Policy, 'source'> = fixed
    ? { lifetime: options.ttl, source: 'ttl' }
    : lifetimeOf(storable, date, options)
  const freshUntil = fixed
    ? times.responseTime + lifetime
    : bornAt + Math.min(lifetime, options.ttl ?? Infinity, options.maxTtl ?? Infinity)
  // A targeted field is for nobody but this cache, so its no-cache is meant although the route has
  // a ttl.
  const noCache = storable.noCache && (given.targeted || !fixed)
  const neverStale = ['must-revalidate', 'proxy-revalidate', 's-maxage'].some((name) =>
    directives.has(name)
  )
  // 4.2.4: what a response prohibits, neither its own extensions nor the route's configuration
  // allow.
  const mayBeStale = !noCache && !neverStale
  const hadLifetime = fixed || lifetime > 0
  const whileRevalidate = windowOf(
    duration(directives, 'stale-while-revalidate'),
    options.staleWhileRevalidate,
    hadLifetime
  )
  const ifError = windowOf(
    duration(directives, 'stale-if-error'),
    options.staleIfError,
    hadLifetime
  )
  return {
    bornAt,
    freshUntil,
    source,
    staleUntil: mayBeStale ? freshUntil + whileRevalidate : freshUntil,
    errorUntil: mayBeStale && ifError > 0 ? freshUntil + ifError : 0,
    noCache,
    neverStale,
    vary,
    variant: variantKey(vary, request.headers),
    date,
    ...validatorsOf(headers, times)
  }
}

/** Whether any request can be answered with the response, at least after validation. */
export function isReusable (policy: Policy, now: number): boolean {
  if (hasValidators(policy)) return true
  return !policy.noCache && Math.max(policy.freshUntil, policy.staleUntil, policy.errorUntil) > now
}

function lifetimeOf (
  { response: { headers }, given }: Storable,
  date: number,
  { heuristic }: PolicyOptions
): Lifetime {
  // 4.2.2, 5.2.2.9: what may be stored without a lifetime of its own has a status that allows
  // heuristics, or `public`.
  return (
    explicitLifetime(headers, given, date) ??
    (heuristic === false ? undefined : heuristicLifetime(headers, date)) ?? {
      lifetime: 0,
      source: 'none'
    }
  )
}

/**
 * A route prolongs what was good for a time, never what its origin had validated before each use,
 * as pages of one user are.
 */
const windowOf = (own: number, ofRoute: number | undefined, hadLifetime: boolean) =>
  hadLifetime ? ofRoute ?? own : Math.min(own, ofRoute ?? Infinity)

const duration = (directives: CacheControl, name: string) =>
  (deltaSeconds(directives.get(name)) ?? 0) * 1000

/**
 * Validators for If-None-Match and If-Modified-Since (RFC 9111 4.3.1): an entity tag of any form,
 * and a date.
 */
function validatorsOf (
  headers: Headers,
  { responseTime }: ExchangeTimes
): Pick<Policy, 'etag' | 'lastModified'> {
  const etag = singleValue(headers['etag'])
  const lastModified = singleValue(headers['last-modified'])
  return {
    ...(etag !== undefined && etag !== '' && { etag }),
    ...(lastModified !== undefined &&
      parseHttpDate(lastModified, responseTime) !== undefined && { lastModified })
  }
}
