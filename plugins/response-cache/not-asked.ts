import type { FastifyReply, FastifyRequest } from 'fastify'
import { shown } from '@weir/internal'
import { stopFollowing } from '../fragments/follow.js'
import { ignoreRejection, resultOf } from '../given.js'
import { bypass, type Pass } from './finding.js'
import { givenHeaders } from './given-headers.js'
import type { CachedRoute } from './ongoing-fill.js'

/** The reason why a request is for the handler alone, whatever is stored. */
export function whyNotAsked (
  { method, url, headers, body, validationError }: FastifyRequest,
  reply: FastifyReply
): Pass | undefined {
  if (method !== 'GET' && method !== 'HEAD') {
    return { kind: 'pass', fwd: 'method', detail: 'METHOD' }
  }
  if (headers.upgrade !== undefined) return bypass('UPGRADE')
  // A target has none (RFC 9112, 3.2): routers take it for a query, others for nothing.
  if (url.includes('#')) return bypass('FRAGMENT')
  if (hasBody(headers, body)) return bypass('BODY')
  if (validationError !== undefined && validationError !== null) return bypass('INVALID')
  // The origin is to evaluate these (RFC 9111, 4.3.2).
  if (headers['if-match'] !== undefined || headers['if-unmodified-since'] !== undefined) {
    return bypass('PRECONDITION')
  }
  return whyOfHooks(reply)
}

// RFC 9110, 9.3.1: it has no meaning, but for those who give it one.
const hasBody = (
  { 'content-length': length = '0', 'transfer-encoding': coding }: FastifyRequest['headers'],
  body: unknown
) => length !== '0' || coding !== undefined || (body !== undefined && body !== null)

/** The reason why a reply, as hooks before the handler have made it, goes with no other's body. */
export function whyOfHooks (reply: FastifyReply): Pass | undefined {
  const { raw } = reply
  if (raw.statusCode !== 200) return bypass('STATUS')
  const policy =
    givenHeaders(reply)['content-security-policy'] ?? raw.getHeader('content-security-policy')
  if (policy !== undefined && String(policy).includes("'nonce-")) return bypass('NONCE')
  if (!Object.hasOwn(raw, 'writeHead')) return undefined
  stopFollowing(raw)
  // Middleware does this to add to what is sent last: nobody sees it before it is on its way.
  return Object.hasOwn(raw, 'writeHead') ? bypass('WRITE_HEAD') : undefined
}

/**
 * The reason why the route does not want the request answered from the cache; also where it does
 * not say that in one way.
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
