import type { FastifyReply, FastifyRequest } from 'fastify'
import { isUser, mayActAs } from '../auth/user.js'
import { ignoreRejection, resultOf } from '../given.js'
import { shown } from '@weir/internal'
import type { CachedRoute } from './ongoing-fill.js'
import { splitTarget } from './path.js'
import { isDictionary } from './plain.js'

/**
 * Query parameter that requests a new computation, with the value 1: see `refresh` of
 * `RouteCacheOptions`.
 */
export const REFRESH = 'refresh'

/** Requests that had the parameter. */
const asking = new WeakSet<FastifyRequest>()

/**
 * Hook that removes the parameter from a request before its query is validated, so that it is part
 * of no key and hidden from the handler for all clients.
 */
export function takeRefresh (
  request: FastifyRequest,
  _reply: FastifyReply,
  done: () => void
): void {
  const { url = '', method = '' } = request.raw
  if ((method === 'GET' || method === 'HEAD') && url.includes(REFRESH)) take(request, url)
  done()
}

function take (request: FastifyRequest, url: string): void {
  const [path, query] = splitTarget(url)
  const pairs = query.slice(1).split('&')
  const kept = pairs.filter((pair) => pair !== REFRESH && !pair.startsWith(`${REFRESH}=`))
  if (kept.length === pairs.length) return
  if (pairs.includes(`${REFRESH}=1`)) asking.add(request)
  request.raw.url = kept.length === 0 ? path : `${path}?${kept.join('&')}`
  const parsed: unknown = request.query
  if (typeof parsed === 'object' && parsed !== null && isDictionary(parsed)) {
    Reflect.deleteProperty(parsed, REFRESH)
  }
}

/** Returns whether the request may, and does, ask for a new computation. */
export function refreshes (
  request: FastifyRequest,
  { options: { refresh }, complain }: CachedRoute
): boolean {
  if (refresh === undefined || request.method !== 'GET' || !asking.has(request)) return false
  if (typeof refresh === 'string') {
    const { user } = request as { user?: unknown }
    return isUser(user) && mayActAs(user.role, refresh)
  }
  const may = resultOf(() => refresh(request))
  if (typeof may === 'boolean') return may
  ignoreRejection(may)
  complain(request, 'INVALID_REFRESH', { given: shown(may) })
  return false
}
