import { formatCacheStatus } from '@weir/http'
import { type FastifyReply } from 'fastify'
import { type Reading } from '../documents/documents.js'

/** Says how old an answer is, how it was come by, and for how long others may keep it (RFC 9111, 5861 and 9211). */
export function sendCacheFields (reply: FastifyReply, cacheName: string, reading: Reading<unknown>): void {
  const { document, freshUntil, staleIfError, status } = reading
  const seconds = (ms: number) => Math.max(0, Math.floor(ms / 1000))
  reply.header('age', String(seconds(Date.now() - document.bornAt)))
  reply.header('cache-control', `public, max-age=${seconds(freshUntil - document.bornAt)}, stale-if-error=${seconds(staleIfError)}`)
  reply.header('cache-status', formatCacheStatus(cacheName, status))
}
