import type { Decision, PolicyState } from './decision.js'
import type { Policy } from './policy.js'
import { seconds } from './quota.js'

/**
 * The RateLimit-Policy field: `q` per `w` seconds. A window of less than a whole second is rounded up: who keeps to it is never
 * denied for it.
 * @example formatRateLimitPolicy([definePolicy({ name: 'minute', limit: 100, window: 60_000 })]) // '"minute";q=100;w=60'
 */
export function formatRateLimitPolicy (policies: readonly Policy[]): string {
  return joined(policies, ({ quota }) => quota)
}

/**
 * The RateLimit field: what is left (`r`), and the seconds until all of it is back (`t`), or, of a policy that denied, those of
 * Retry-After, as the draft asks for. Empty where nothing is known: then leave the field out.
 * @example formatRateLimit(decision.policies) // '"minute";r=50;t=30'
 */
export function formatRateLimit (policies: readonly PolicyState[]): string {
  return joined(policies, ({ policy, remaining, resetMs, retryAfterMs }) =>
    `${policy.label};r=${remaining};t=${seconds(retryAfterMs > 0 ? retryAfterMs : resetMs)}`)
}

/** The Retry-After field (RFC 9110 10.2.3) in whole seconds, rounded up: waiting that long succeeds. */
export function formatRetryAfter ({ retryAfterMs }: Decision): string {
  return String(seconds(retryAfterMs))
}

/** The items of a list. Every response has these fields, and nearly always one item. */
function joined<V> (values: readonly V[], item: (value: V) => string): string {
  let text = ''
  for (const value of values) text = text === '' ? item(value) : `${text}, ${item(value)}`
  return text
}
