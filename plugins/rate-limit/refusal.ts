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

/** Renders the fields for a client's remaining budget; none if it is unknown. */
export function limitFields ({ policies }: Decision): (readonly [name: string, value: string])[] {
  if (policies.length === 0) return []
  return [['ratelimit', formatRateLimit(policies)], ['ratelimit-policy', formatPolicies(policies)]]
}

/** Writes the client's remaining budget to the reply of an allowed request. */
export function writeLimitFields ({ rateLimit }: FastifyRequest, reply: FastifyReply): void {
  if (rateLimit === null || rateLimit.policies.length === 0) return
  const { policies } = rateLimit
  reply
    .header('ratelimit', formatRateLimit(policies))
    .header('ratelimit-policy', formatPolicies(policies))
}

function formatPolicies (states: Decision['policies']): string {
  const [first] = states
  // Most routes have a single policy.
  return first !== undefined && states.length === 1
    ? first.policy.quota
    : formatRateLimitPolicy(states.map(({ policy }) => policy))
}

/** Returns the error for a denied request: 429, or 503 if the limit could not be read. */
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
 * Members of the problem that name the exceeded policies (draft-ietf-httpapi-ratelimit-headers-11,
 * section 5.1).
 */
export const quotaExceeded = ({ violated }: Decision) => ({
  ...QUOTA_EXCEEDED,
  'violated-policies': violated
})

/** Renders the message of WEIR_ERR_RATE_LIMITED for readers. */
export function rateLimitedMessage ({ violated }: Decision, retryAfter: string): string {
  return `Too many requests: the limit "${violated.join('", "')}" is used up. ` +
    `Try again after ${retryAfter} s; RateLimit-Policy lists the limits`
}
