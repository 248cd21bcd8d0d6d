import type { Headers } from './headers.js'
import type { Policy } from './policy.js'
import { requestDirectives, type RequestDirectives } from './request-directives.js'

/** The reason for serving a stored response as it is, or for not doing so. */
export type ReuseReason =
  | 'FRESH'
  | 'MAX_STALE'
  | 'STALE_WHILE_REVALIDATE'
  | 'METHOD'
  | 'MISS'
  | 'EXPIRED'
  | 'NO_CACHE'
  | 'REQUEST_NO_CACHE'
  | 'REQUEST_MAX_AGE'
  | 'REQUEST_MIN_FRESH'

/**
 * The action for a request.
 *
 * `serve`: use the stored response, and with `refresh` also fetch a new one in the background.
 * `forward`: send the request, validating the stored response if there is one, with `fwd` for
 * Cache-Status (RFC 9211 2.2). `timeout`: answer with a 504, because the client accepts only stored
 * responses.
 */
export type Reuse =
  | { readonly action: 'serve'; readonly refresh: boolean; readonly reason: ReuseReason }
  | {
    readonly action: 'forward'
    readonly fwd: 'method' | 'uri-miss' | 'stale' | 'request'
    readonly reason: ReuseReason
  }
  | { readonly action: 'timeout'; readonly reason: ReuseReason }

/** Route settings for reusing stored responses. */
export interface ReuseOptions {
  /** `false` ignores the request's Cache-Control and Pragma. Default `true`. */
  readonly requestDirectives?: boolean
}

// Allocated once: a hit allocates nothing.
const fresh: Reuse = { action: 'serve', refresh: false, reason: 'FRESH' }
const maxStale: Reuse = { action: 'serve', refresh: false, reason: 'MAX_STALE' }
const whileRevalidate: Reuse = { action: 'serve', refresh: true, reason: 'STALE_WHILE_REVALIDATE' }
const method: Reuse = { action: 'forward', fwd: 'method', reason: 'METHOD' }
const miss: Reuse = { action: 'forward', fwd: 'uri-miss', reason: 'MISS' }
// A response stored meanwhile by another request would not be usable either.
const missAnyway: Reuse = { action: 'forward', fwd: 'uri-miss', reason: 'REQUEST_NO_CACHE' }

/**
 * Decides how to answer a request, given the response stored for it, if any (RFC 9111 4).
 *
 * The stored response must be the one for the request's key and, if it has Vary, its variant.
 *
 * @param now ms since the epoch
 */
export function decideReuse (
  request: { readonly method: string; readonly headers: Headers },
  policy: Policy | undefined,
  now: number,
  options: ReuseOptions = {}
): Reuse {
  // A response stored for GET also answers HEAD (4; RFC 9110 9.3.2). Other methods are written
  // through.
  if (request.method !== 'GET' && request.method !== 'HEAD') return method
  const asked =
    options.requestDirectives === false ? undefined : requestDirectives(request.headers)
  const nothing = asked?.noCache === true ? missAnyway : miss
  const reuse =
    policy === undefined
      ? nothing
      : asked === undefined
        ? byPolicy(policy, now)
        : byBoth(policy, now, asked)
  // 5.2.1.7
  return asked?.onlyIfCached === true && reuse.action === 'forward'
    ? { action: 'timeout', reason: reuse.reason }
    : reuse
}

function byPolicy (policy: Policy, now: number): Reuse {
  // 4, 5.2.2.4: applies to a fresh response too.
  if (policy.noCache) return forward(policy, now, 'NO_CACHE')
  if (now < policy.freshUntil) return fresh
  // RFC 5861 3
  return now < policy.staleUntil ? whileRevalidate : forward(policy, now, 'EXPIRED')
}

function byBoth (
  policy: Policy,
  now: number,
  { noCache, maxAge, minFresh, maxStale: allowance }: RequestDirectives
): Reuse {
  // 5.2.1.4
  if (noCache) return forward(policy, now, 'REQUEST_NO_CACHE')
  // 5.2.1.1: at most this old.
  if (maxAge !== undefined && now - policy.bornAt > maxAge) {
    return forward(policy, now, 'REQUEST_MAX_AGE')
  }
  // 5.2.1.3: fresh for at least this long.
  if (minFresh !== undefined && policy.freshUntil - now < minFresh) {
    return forward(policy, now, 'REQUEST_MIN_FRESH')
  }
  const reuse = byPolicy(policy, now)
  if (reuse === fresh || reuse.reason === 'NO_CACHE') return reuse
  // 5.2.1.2, and 4.2.4: not beyond what the response prohibits.
  if (allowance !== undefined && !policy.neverStale && now - policy.freshUntil <= allowance) {
    return reuse === whileRevalidate ? reuse : maxStale
  }
  // 5.2.1.1: a client that sends max-age without max-stale accepts no stale response.
  return maxAge !== undefined && reuse === whileRevalidate
    ? forward(policy, now, 'REQUEST_MAX_AGE')
    : reuse
}

/**
 * RFC 9211 2.2: `stale` if the response is, `request` if it is fresh and the request's directives
 * are the reason.
 */
function forward ({ freshUntil, noCache }: Policy, now: number, reason: ReuseReason): Reuse {
  return { action: 'forward', fwd: noCache || now >= freshUntil ? 'stale' : 'request', reason }
}
