import { type CacheResult } from '@weir/fastify/response-cache'
import { type CacheStatus, formatCacheStatus } from '@weir/http'
import { type FastifyReply } from 'fastify'
import { type Reading } from '../documents/documents.js'

/**
 * Sets the age of a response, its origin, and how long others may store it (RFC 9111, 5861 and
 * 9211), also for metrics.
 */
export function sendCacheFields (
  reply: FastifyReply,
  cacheName: string,
  reading: Reading<unknown>
): void {
  const { document, freshUntil, staleIfError, status } = reading
  reply.request.cacheResult = resultOf(reading)
  const seconds = (ms: number) => Math.max(0, Math.floor(ms / 1000))
  reply.header('age', String(seconds(Date.now() - document.bornAt)))
  reply.header(
    'cache-control',
    `public, max-age=${seconds(freshUntil - document.bornAt)}, stale-if-error=${seconds(staleIfError)}`
  )
  reply.header('cache-status', formatCacheStatus(cacheName, status))
}

function resultOf ({ status, filledBy, cost }: Reading<unknown>): CacheResult {
  const outcome = outcomeOf(status)
  return outcome === 'miss' ? { outcome, cost: 0 } : { outcome, filledBy, cost }
}

function outcomeOf ({
  hit,
  collapsed,
  stored,
  detail,
  ttl = 0
}: CacheStatus): CacheResult['outcome'] {
  if (collapsed === true) return 'coalesced'
  // A new document has been stored or not; a stale one has no such state.
  if (hit !== true) return stored === undefined ? 'stale' : 'miss'
  if (ttl < 0 || detail === 'OUTAGE') return 'stale'
  return detail === 'memory' ? 'l1' : 'l2'
}
