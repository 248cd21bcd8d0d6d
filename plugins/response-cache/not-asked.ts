import type { FastifyReply, FastifyRequest } from 'fastify'
import { shown } from '@weir/internal'
import { stopFollowing } from '../fragments/follow.js'
import { ignoreRejection, resultOf } from '../given.js'
import { bypass, type Pass } from './finding.js'
import { givenHeaders } from './given-headers.js'
import type { CachedRoute } from './ongoing-fill.js'

/** Returns the reason why a request bypasses the cache, regardless of stored responses. */
export function whyNotAsked (
  { method, url, headers, body, validationError }: FastifyRequest,
  reply: FastifyReply
): Pass | undefined {
  if (method !== 'GET' && method !== 'HEAD') {
    return { kind: 'pass', fwd: 'method', detail: 'METHOD' }
  }
  if (headers.upgrade !== undefined) return bypass('UPGRADE')
  // Request targets have no fragment (RFC 9112, 3.2): routers treat it as a query, other software
  // ignores it.
  if (url.includes('#')) return bypass('FRAGMENT')
  if (hasBody(headers, body)) return bypass('BODY')
  if (validationError !== undefined && validationError !== null) return bypass('INVALID')
  // The origin evaluates these conditions (RFC 9111, 4.3.2).
  if (headers['if-match'] !== undefined || headers['if-unmodified-since'] !== undefined) {
    return bypass('PRECONDITION')
  }
  return whyOfHooks(reply)
}

// A body of GET has no defined meaning, but applications may give it one (RFC 9110, 9.3.1).
const hasBody = (
  { 'content-length': length = '0', 'transfer-encoding': coding }: FastifyRequest['headers'],
  body: unknown
) => length !== '0' || coding !== undefined || (body !== undefined && body !== null)

/**
 * Returns the reason why a reply, as prepared by hooks before the handler, fits no stored response.
 */
export function whyOfHooks (reply: FastifyReply): Pass | undefined {
  const { raw } = reply
  if (raw.statusCode !== 200) return bypass('STATUS')
  const policy =
    givenHeaders(reply)['content-security-policy'] ?? raw.getHeader('content-security-policy')
  if (policy !== undefined && String(policy).includes("'nonce-")) return bypass('NONCE')
  if (!Object.hasOwn(raw, 'writeHead')) return undefined
  stopFollowing(raw)
  // Middleware does this to change the response last, and the change is unknown until it is sent.
  return Object.hasOwn(raw, 'writeHead') ? bypass('WRITE_HEAD') : undefined
}

/**
 * Returns the reason why the route's options bypass the cache for the request, including invalid
 * results.
 */
export function whyUnless (
  request: FastifyRequest,
  { options: { unless }, complain }: CachedRoute
): Pass | undefined {
  if (unless === undefined) return undefined
  const isExcepted = resultOf(() => unless(request))
  if (typeof isExcepted === 'boolean') return isExcepted ? bypass('UNLESS') : undefined
  ignoreRejection(isExcepted)
  complain(request, 'INVALID_UNLESS', { given: shown(isExcepted) })
  return bypass('INVALID_UNLESS')
}
