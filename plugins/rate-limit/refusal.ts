import {
  type Decision,
  formatRateLimit,
  formatRateLimitPolicy,
  formatRetryAfter
} from '@weir/limiter'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { WEIR_ERR_LIMITS_UNAVAILABLE, WEIR_ERR_RATE_LIMITED } from '../errors.js'

const QUOTA_EXCEEDED = {
  type: 'https://iana.org/assignments/http-problem-types#quota-exceeded',
  title: 'Request cannot be satisfied as assigned quota has been exceeded'
}

/** The fields that say how a client stands; none where nothing is known. */
export function limitFields ({ policies }: Decision): (readonly [name: string, value: string])[] {
  if (policies.length === 0) return []
  return [['ratelimit', formatRateLimit(policies)], ['ratelimit-policy', formatPolicies(policies)]]
}

/** Says on the reply to a request that was allowed how its client stands. */
export function writeLimitFields ({ rateLimit }: FastifyRequest, reply: FastifyReply): void {
  if (rateLimit === null || rateLimit.policies.length === 0) return
  const { policies } = rateLimit
  reply
    .header('ratelimit', formatRateLimit(policies))
    .header('ratelimit-policy', formatPolicies(policies))
}

function formatPolicies (states: Decision['policies']): string {
  const [first] = states
  // One policy is all that most routes have.
  return first !== undefined && states.length === 1
    ? first.policy.quota
    : formatRateLimitPolicy(states.map(({ policy }) => policy))
}

/**
 * What a request that was denied is answered with: 429, or 503 where the limit could not be looked
 * up.
 */
export function refusal (decision: Decision): Error {
  const retryAfter = formatRetryAfter(decision)
  const headers = { ...Object.fromEntries(limitFields(decision)), 'retry-after': retryAfter }
  if (decision.mode === 'closed') {
    return Object.assign(new WEIR_ERR_LIMITS_UNAVAILABLE(), { headers })
  }
  return Object.assign(new WEIR_ERR_RATE_LIMITED(rateLimitedMessage(decision, retryAfter)), {
    headers,
    problem: quotaExceeded(decision)
  })
}

/**
 * The members of the problem that tell what was exceeded (draft-ietf-httpapi-ratelimit-headers-11,
 * section 5.1).
 */
export const quotaExceeded = ({ violated }: Decision) => ({
  ...QUOTA_EXCEEDED,
  'violated-policies': violated
})

/** The message of WEIR_ERR_RATE_LIMITED, for people. */
export function rateLimitedMessage ({ violated }: Decision, retryAfter: string): string {
  return `Too many requests: the limit "${violated.join('", "')}" is used up. ` +
    `Try again after ${retryAfter} s; RateLimit-Policy says what is allowed`
}
