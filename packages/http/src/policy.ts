import type { FreshnessSource } from './freshness.js'

/**
 * What a stored response says about its reuse, worked out when it was stored, so that a hit parses
 * nothing. Plain JSON, to be kept with the response. Times are ms since the epoch.
 */
export interface Policy {
  /**
   * When its origin generated or validated it, as far as its age tells: now less this is
   * current_age (RFC 9111 4.2.3).
   */
  readonly bornAt: number
  readonly freshUntil: number
  /** What `freshUntil` comes from; `ttl` is the route's own. */
  readonly source: FreshnessSource | 'ttl'
  /**
   * Until then a stale one may be served while a new one is fetched (RFC 5861 3); not after
   * `freshUntil` if it may not.
   */
  readonly staleUntil: number
  /** Until then it may be served instead of an error (RFC 5861 4); 0 if never. */
  readonly errorUntil: number
  /** `no-cache`: to be validated before each reuse (RFC 9111 5.2.2.4). */
  readonly noCache: boolean
  /**
   * `must-revalidate` and its like: not to be served once it is stale, whatever a client accepts
   * (5.2.2.2, .8, .10).
   */
  readonly neverStale: boolean
  /** Names of the request headers that select it, in lower case and sorted (4.1). */
  readonly vary: readonly string[]
  /** What the request it was stored for had in them: see `variantKey`. */
  readonly variant: string
  /** Its Date. */
  readonly date: number
  /** Its validators, where they can be used as such. */
  readonly etag?: string
  readonly lastModified?: string
}

/** Whether it can be validated (RFC 9111 4.3.1). */
export const hasValidators = ({ etag, lastModified }: Pick<Policy, 'etag' | 'lastModified'>) =>
  etag !== undefined || lastModified !== undefined

const maximum = 2 ** 31

/** What Age says of a stored response, in whole seconds (RFC 9111 4, 4.2.3, 5.1). */
export function ageSeconds ({ bornAt }: Policy, now: number): number {
  return Math.min(Math.max(0, Math.floor((now - bornAt) / 1000)), maximum)
}

/**
 * What `ttl` of Cache-Status says of one, in whole seconds: negative when it is stale (RFC 9211
 * 2.4).
 */
export function ttlSeconds ({ freshUntil }: Policy, now: number): number {
  return Math.floor((freshUntil - now) / 1000)
}
