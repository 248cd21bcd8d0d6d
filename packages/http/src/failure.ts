import type { Headers } from './headers.js'
import type { Policy } from './policy.js'
import { requestDirectives } from './request-directives.js'
import type { ReuseOptions } from './reuse.js'

/**
 * Whether a stored response stands in for a failed attempt to get or validate a new one: an answer
 * that counts as an error (`outcomeOf` says so), or none at all (RFC 9111 4.2.4, 4.3.3; RFC 5861
 * 4). Only where the response, its route or the client allows it by stale-if-error, and the
 * response does not prohibit it. If false, pass on the error; where there was no answer and the
 * response has must-revalidate, it should be a 504 (RFC 9111 5.2.2.2).
 *
 * @param now ms since the epoch
 */
export function servesStaleOnError (
  request: { readonly headers: Headers }, policy: Policy, now: number, options: ReuseOptions = {}
): boolean {
  if (now < policy.errorUntil) return true
  if (policy.noCache || policy.neverStale || options.requestDirectives === false) return false
  const allowance = requestDirectives(request.headers)?.staleIfError
  return allowance !== undefined && now - policy.freshUntil <= allowance
}
