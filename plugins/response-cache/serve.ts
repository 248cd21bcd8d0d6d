import type { Hit } from '@weir/cache'
import { answerFromStored, formatCacheStatus, type RangeAnswer } from '@weir/http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { emptyBody } from '../conditional/payload.js'
import { shortenGroups } from './groups.js'
import { isKeyTag } from './tags.js'
import { writeHeaders } from './headers.js'
import { hasConditions, type StoredResponse } from './stored-response.js'

/** Seconds of freshness left, as `ttl` of Cache-Status says it: negative for a stale response (RFC 9211, 2.4). */
export const ttlSeconds = (freshUntil: number, now: number) => Math.floor((freshUntil - now) / 1000)

const OUTCOME = { l1: 'l1', l2: 'l2', coalesced: 'coalesced', outage: 'stale' } as const
const DETAIL = { l1: 'memory', l2: 'store', outage: 'OUTAGE' } as const

// What a 304 leaves out, because the client has it already (RFC 9110, 15.4.5).
export const OF_THE_BODY: ReadonlySet<string> = new Set(['content-type', 'content-encoding', 'content-language'])
const WRITTEN_ALREADY = new Set(['date'])
const NOT_OF_304 = new Set([...OF_THE_BODY, ...WRITTEN_ALREADY])
const WITHOUT_GROUPS = new Set(['cache-groups', ...WRITTEN_ALREADY])
const NOT_OF_304_WITHOUT_GROUPS = new Set(['cache-groups', ...NOT_OF_304])
// RFC 9111, 1.2.2
const OLDEST = 2 ** 31

/** What all hits of an application have in common. */
export interface HitOptions {
  readonly cacheName: string
  /** Whether responses have Cache-Groups. */
  readonly cacheGroups: boolean
}

/** Answers with a stored response, as a 304 where the client has it, or by a range of it (RFC 9111, 4.3.2; RFC 9110, 14). */
export function sendHit (
  request: FastifyRequest, reply: FastifyReply, hit: Hit<StoredResponse>, { cacheName, cacheGroups }: HitOptions
): void {
  const { entry } = hit
  const source = hit.unverified === undefined ? hit.source : 'outage'
  const now = Date.now()
  const response = entry.value
  // What is said changes when the whole second of its age or of its ttl does.
  const age = Math.min(OLDEST, Math.max(0, Math.floor((now - response.bornAt(entry)) / 1000)))
  const ttl = ttlSeconds(entry.freshUntil, now)
  const outcome = hit.stale ? 'stale' : OUTCOME[source]
  const rendered = response.rendered(age + ttl * 1e6, source, outcome, () => ({
    age: String(age),
    date: response.header('date') ?? new Date(entry.storedAt).toUTCString(),
    cacheStatus: source === 'coalesced'
      ? formatCacheStatus(cacheName, { fwd: 'uri-miss', collapsed: true, ttl })
      : formatCacheStatus(cacheName, { hit: true, ttl, detail: DETAIL[source] }),
    result: { outcome, filledBy: entry.filledBy, cost: entry.cost }
  }))
  request.cacheResult = rendered.result
  reply.header('age', rendered.age)
  reply.header('date', rendered.date)
  reply.header('cache-status', rendered.cacheStatus)
  const answer = hasConditions(request.headers) ? conditionalAnswer(request, hit, now) : 'whole'
  request.isStored = true
  request.isUntyped = response.isUntyped
  if (answer === 'not-modified') {
    writeHeaders(reply, response.headers, cacheGroups ? NOT_OF_304 : NOT_OF_304_WITHOUT_GROUPS)
    if (response.hasManyGroups && cacheGroups) shortenGroups(reply, entry.tags.filter((tag) => !isKeyTag(tag)))
    reply.code(304).send(request.method === 'HEAD' ? emptyBody() : undefined)
    return
  }
  writeHeaders(reply, response.headers, cacheGroups ? WRITTEN_ALREADY : WITHOUT_GROUPS)
  if (response.hasManyGroups && cacheGroups) shortenGroups(reply, entry.tags.filter((tag) => !isKeyTag(tag)))
  reply.code(response.status)
  reply.send(answer === 'whole' ? response.body : rangeOf(reply, response.body, answer))
}

function conditionalAnswer (request: FastifyRequest, { entry }: Hit<StoredResponse>, now: number) {
  const { status, body } = entry.value
  return answerFromStored(request, { status, policy: entry.value.policy(entry), length: body.length }, now)
}

/** Makes the reply a 206 or 416, and gives the bytes of it. */
export function rangeOf (reply: FastifyReply, body: Buffer, range: RangeAnswer): Buffer {
  reply.code(range.status)
  reply.header('content-range', range.contentRange)
  return range.status === 206 ? body.subarray(range.first, range.last + 1) : Buffer.alloc(0)
}
