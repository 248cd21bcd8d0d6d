import type { Headers } from './headers.js'
import type { Policy } from './policy.js'
import { requestDirectives } from './request-directives.js'
import type { ReuseOptions } from './reuse.js'

/**
 * Decides whether a stale response replaces a failed attempt to get or validate a new one.
 *
 * A failed attempt is a response that counts as an error (see `outcomeOf`), or no response at all
 * (RFC 9111 4.2.4, 4.3.3; RFC 5861 4). The response, its route or the client must allow this with
 * stale-if-error, and the response must not prohibit it. If false, pass on the error; if there was
 * no response and the stored one has must-revalidate, it should be a 504 (RFC 9111 5.2.2.2).
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
