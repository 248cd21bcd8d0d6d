import type { FreshnessSource } from './freshness.js'

/**
 * The rules for reusing a stored response, derived when it was stored, so that a hit parses
 * nothing.
 *
 * Plain JSON, kept with the response. Times are ms since the epoch.
 */
export interface Policy {
  /**
   * Time at which its origin generated or validated it, derived from its age: now minus this is
   * current_age (RFC 9111 4.2.3).
   */
  readonly bornAt: number
  readonly freshUntil: number
  /** The source of `freshUntil`; `ttl` is the route's own. */
  readonly source: FreshnessSource | 'ttl'
  /**
   * End of the time in which it may be served stale while a new one is fetched (RFC 5861 3); not
   * after `freshUntil` if that is not allowed.
   */
  readonly staleUntil: number
  /** End of the time in which it may be served instead of an error (RFC 5861 4); 0 if never. */
  readonly errorUntil: number
  /** `no-cache`: must be validated before each reuse (RFC 9111 5.2.2.4). */
  readonly noCache: boolean
  /**
   * `must-revalidate` and similar: not to be served stale, whatever a client accepts (5.2.2.2, .8,
   * .10).
   */
  readonly neverStale: boolean
  /** Names of the request headers that select it, in lower case and sorted (4.1). */
  readonly vary: readonly string[]
  /** Values of these headers in the request it was stored for: see `variantKey`. */
  readonly variant: string
  /** The Date of the response. */
  readonly date: number
  /** The validators of the response, if they can be used as such. */
  readonly etag?: string
  readonly lastModified?: string
}

/** Reports whether the response can be validated (RFC 9111 4.3.1). */
export const hasValidators = ({ etag, lastModified }: Pick<Policy, 'etag' | 'lastModified'>) =>
  etag !== undefined || lastModified !== undefined

const maximum = 2 ** 31

/** Returns the Age of a stored response, in whole seconds (RFC 9111 4, 4.2.3, 5.1). */
export function ageSeconds ({ bornAt }: Policy, now: number): number {
  return Math.min(Math.max(0, Math.floor((now - bornAt) / 1000)), maximum)
}

/**
 * Returns the `ttl` for Cache-Status, in whole seconds: negative if the response is stale (RFC 9211
 * 2.4).
 */
export function ttlSeconds ({ freshUntil }: Policy, now: number): number {
  return Math.floor((freshUntil - now) / 1000)
}
