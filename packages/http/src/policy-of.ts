import { dateOf, initialAge, type ExchangeTimes } from './age.js'
import { type CacheControl, deltaSeconds } from './cache-control.js'
import { explicitLifetime, heuristicLifetime, type Lifetime } from './freshness.js'
import { singleValue, type Headers } from './headers.js'
import { parseHttpDate } from './http-date.js'
import { hasValidators, type Policy } from './policy.js'
import type { ResponseDirectives } from './response-directives.js'
import { heuristicallyCacheable } from './statuses.js'
import { variantKey } from './vary.js'

/** Route settings for reusing responses. Durations are in ms. */
export interface PolicyOptions {
  /**
   * Freshness lifetime in this cache, starting when the response is received.
   *
   * `max-age`, `s-maxage`, Expires and the `no-cache` of Cache-Control then apply only to other
   * caches. It does not make other responses storable. For a status that is cacheable only with
   * explicit freshness in the response, it is an upper bound. Without it the origin decides.
   */
  readonly ttl?: number
  /** Upper bound for the lifetime that the origin sets. */
  readonly maxTtl?: number
  /** `false`: a response without a lifetime is stale (RFC 9111 4.2.2). Default `true`. */
  readonly heuristic?: boolean
  /**
   * Replaces the response's stale-while-revalidate (RFC 5861 3) if the response has a lifetime.
   *
   * The lifetime may be its own, a heuristic one or `ttl`. A response that was stale from the start
   * keeps its own value, limited by this one.
   */
  readonly staleWhileRevalidate?: number
  /** Replaces the response's stale-if-error (RFC 5861 4), by the same rule. */
  readonly staleIfError?: number
}

/** A response that may be stored, with the facts known about it. */
export interface Storable {
  readonly request: { readonly headers: Headers }
  readonly response: { readonly status: number, readonly headers: Headers }
  readonly given: ResponseDirectives
  /** Whether it has a `no-cache` that applies to all of it. */
  readonly noCache: boolean
  readonly vary: readonly string[]
  readonly times: ExchangeTimes
}

/** Derives the policy for reusing a response. */
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
  // A targeted field addresses only this cache, so its no-cache applies even though the route has a
  // ttl.
  const noCache = storable.noCache && (given.targeted || !fixed)
  const neverStale = ['must-revalidate', 'proxy-revalidate', 's-maxage'].some((name) =>
    directives.has(name)
  )
  // 4.2.4: neither the response's extensions nor the route's configuration can allow what the
  // response prohibits.
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

/** Reports whether any request can be answered with the response, at least after validation. */
export function isReusable (policy: Policy, now: number): boolean {
  if (hasValidators(policy)) return true
  return !policy.noCache && Math.max(policy.freshUntil, policy.staleUntil, policy.errorUntil) > now
}

function lifetimeOf (
  { response: { headers }, given }: Storable,
  date: number,
  { heuristic }: PolicyOptions
): Lifetime {
  // 4.2.2, 5.2.2.9: a storable response without a lifetime has `public` or a status that allows
  // heuristics.
  return (
    explicitLifetime(headers, given, date) ??
    (heuristic === false ? undefined : heuristicLifetime(headers, date)) ?? {
      lifetime: 0,
      source: 'none'
    }
  )
}

/**
 * A route extends a lifetime that the response had. It never does so for responses that the origin
 * wants validated before each use, such as a user's pages.
 */
const windowOf = (own: number, ofRoute: number | undefined, hadLifetime: boolean) =>
  hadLifetime ? ofRoute ?? own : Math.min(own, ofRoute ?? Infinity)

const duration = (directives: CacheControl, name: string) =>
  (deltaSeconds(directives.get(name)) ?? 0) * 1000

/**
 * Returns the validators for If-None-Match and If-Modified-Since (RFC 9111 4.3.1): an entity tag of
 * any form, and a date.
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
