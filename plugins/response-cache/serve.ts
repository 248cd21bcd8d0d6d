import type { Hit } from '@weir/cache'
import { formatCacheStatus } from '@weir/http'
import type { FastifyReply } from 'fastify'
import { writeHeaders } from './headers.js'
import type { StoredResponse } from './stored-response.js'

/** Seconds of freshness left, as `ttl` of Cache-Status says it: negative for a stale response (RFC 9211, 2.4). */
export const ttlSeconds = (freshUntil: number, now: number) => Math.floor((freshUntil - now) / 1000)

const DETAIL = { l1: 'memory', l2: 'store' } as const

/** Answers with a stored response; returns its body for the caller to send. */
export function serveHit (reply: FastifyReply, { entry, source }: Hit<StoredResponse>, cacheName: string): Buffer {
  const now = Date.now()
  const response = entry.value
  // What is said changes when the whole second of its age or of its ttl does.
  const age = Math.max(0, Math.floor((now - entry.storedAt) / 1000))
  const ttl = ttlSeconds(entry.freshUntil, now)
  const rendered = response.rendered(age + ttl * 1e6, source, () => ({
    age: String(age),
    cacheStatus: source === 'flight'
      ? formatCacheStatus(cacheName, { fwd: 'uri-miss', collapsed: true, ttl })
      : formatCacheStatus(cacheName, { hit: true, ttl, detail: DETAIL[source] })
  }))
  reply.code(response.status)
  writeHeaders(reply, response.headers)
  reply.header('age', rendered.age)
  reply.header('cache-status', rendered.cacheStatus)
  return response.body
}
