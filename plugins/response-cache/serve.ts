import type { Hit } from '@weir/cache'
import { evaluatePreconditions, formatCacheStatus } from '@weir/http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { writeHeaders } from './headers.js'
import type { StoredResponse } from './stored-response.js'

/** Seconds of freshness left, as `ttl` of Cache-Status says it: negative for a stale response (RFC 9211, 2.4). */
export const ttlSeconds = (freshUntil: number, now: number) => Math.floor((freshUntil - now) / 1000)

const DETAIL = { l1: 'memory', l2: 'store', outage: 'OUTAGE' } as const

// What a 304 leaves out, because the client has it already (RFC 9110, 15.4.5).
const OF_THE_BODY = new Set(['content-type', 'content-encoding', 'content-language'])

/** Answers with a stored response, or with 304 where the client has it (RFC 9111, 4.3.2). */
export function sendHit (request: FastifyRequest, reply: FastifyReply, hit: Hit<StoredResponse>, cacheName: string): void {
  const { entry } = hit
  const source = hit.unproven === undefined ? hit.source : 'outage'
  const now = Date.now()
  const response = entry.value
  // What is said changes when the whole second of its age or of its ttl does.
  const age = Math.max(0, Math.floor((now - entry.storedAt) / 1000))
  const ttl = ttlSeconds(entry.freshUntil, now)
  const rendered = response.rendered(age + ttl * 1e6, source, () => ({
    age: String(age),
    date: new Date(entry.storedAt).toUTCString(),
    cacheStatus: source === 'flight'
      ? formatCacheStatus(cacheName, { fwd: 'uri-miss', collapsed: true, ttl })
      : formatCacheStatus(cacheName, { hit: true, ttl, detail: DETAIL[source] })
  }))
  reply.header('age', rendered.age)
  reply.header('date', rendered.date)
  reply.header('cache-status', rendered.cacheStatus)
  if (isNotModified(request, response)) {
    writeHeaders(reply, response.headers, OF_THE_BODY)
    reply.code(304).send()
    return
  }
  writeHeaders(reply, response.headers)
  reply.code(response.status).send(response.body)
}

/** For GET only: Fastify makes a HEAD of the whole answer, and leaves the rest to the conditional plugin. */
function isNotModified (request: FastifyRequest, response: StoredResponse): boolean {
  const { headers, method } = request
  if (headers['if-none-match'] === undefined && headers['if-modified-since'] === undefined) return false
  if (method !== 'GET' || response.status !== 200) return false
  return evaluatePreconditions(request, response.validators) === 'not-modified'
}
