import type { Decision, PolicyState } from './decision.js'
import type { Policy } from './policy.js'

// draft-ietf-httpapi-ratelimit-headers-10: both fields are Lists of Strings with parameters that are Integers (RFC 9651).
// By hand rather than through a library, because every response carries them. Names are checked to be printable ASCII.

// Few names have what must be escaped, and a search costs less than a replacement that finds nothing.
const string = (name: string) => `"${/["\\]/.test(name) ? name.replace(/["\\]/g, '\\$&') : name}"`
const seconds = (milliseconds: number) => Math.ceil(milliseconds / 1000)

/** A policy's item of the RateLimit-Policy field. */
export const formatQuota = (name: string, limit: number, window: number) => `${string(name)};q=${limit};w=${seconds(window)}`

/**
 * The RateLimit-Policy field: `q` per `w` seconds. A window of less than a whole second is rounded up: who keeps to it is never
 * denied for it.
 * @example formatRateLimitPolicy([definePolicy({ name: 'minute', limit: 100, window: 60_000 })]) // '"minute";q=100;w=60'
 */
export function formatRateLimitPolicy (policies: readonly Policy[]): string {
  return policies.map(({ quota }) => quota).join(', ')
}

/**
 * The RateLimit field: what is left (`r`), and the seconds until all of it is back (`t`), or, of a policy that denied, those of
 * Retry-After, as the draft asks for. Empty where nothing is known: then leave the field out.
 * @example formatRateLimit(decision.policies) // '"minute";r=50;t=30'
 */
export function formatRateLimit (policies: readonly PolicyState[]): string {
  return policies.map(({ policy, remaining, resetMs, retryAfterMs }) =>
    `${string(policy.name)};r=${remaining};t=${seconds(retryAfterMs > 0 ? retryAfterMs : resetMs)}`).join(', ')
}

/** The Retry-After field (RFC 9110 10.2.3) in whole seconds, rounded up: waiting that long succeeds. */
export function formatRetryAfter ({ retryAfterMs }: Decision): string {
  return String(seconds(retryAfterMs))
}
