import type { Decision, PolicyState } from './decision.js'
import type { Policy } from './policy.js'
import { seconds } from './quota.js'

/**
 * Formats the RateLimit-Policy field: `q` per `w` seconds, and `weir-burst` if the burst is not
 * `q`.
 *
 * A window shorter than a whole second is rounded up: a client that complies with it is not denied
 * for that.
 * @example
 * formatRateLimitPolicy([definePolicy({ name: 'minute', limit: 100, window: 60_000 })])
 * // '"minute";q=100;w=60'
 */
export function formatRateLimitPolicy (policies: readonly Policy[]): string {
  return joined(policies, ({ quota }) => quota)
}

/**
 * Formats the RateLimit field (draft-ietf-httpapi-ratelimit-headers-11, section 4).
 *
 * It states the amount that may be used (`r`) within a number of seconds (`t`). Uses of `r` within
 * `t` are allowed, however they are spread; after all of them and `t`, `r` may be used again, or 1
 * if it was 0. `r` per `t` is never more than the policy's `q` per `w` (section 8.5). For a denial
 * the field lists the policies that denied, and their `t` is not later than Retry-After (section
 * 6). Empty if nothing is known: omit the field.
 * @example formatRateLimit(decision.policies) // '"minute";r=50;t=30'
 */
export function formatRateLimit (policies: readonly PolicyState[]): string {
  const denying = policies.some(isDenying) ? policies.filter(isDenying) : policies
  return joined(denying, ({ policy, remaining, effectiveMs, retryAfterMs }) =>
    `${policy.label};r=${remaining};t=${seconds(retryAfterMs > 0 ? retryAfterMs : effectiveMs)}`)
}

const isDenying = ({ retryAfterMs }: PolicyState) => retryAfterMs > 0

/**
 * Formats the Retry-After field (RFC 9110 10.2.3) in whole seconds, rounded up: waiting that long
 * succeeds.
 */
export function formatRetryAfter ({ retryAfterMs }: Decision): string {
  return String(seconds(retryAfterMs))
}

/** Joins the items of a list. Every response has these fields, nearly always with one item. */
function joined<V> (values: readonly V[], item: (value: V) => string): string {
  let text = ''
  for (const value of values) text = text === '' ? item(value) : `${text}, ${item(value)}`
  return text
}
