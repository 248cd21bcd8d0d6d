import type { Entry, Hit } from '@weir/cache'
import { answerFromParts, answerFromStored, bytesOf, fieldValue, formatCacheStatus, type StoredAnswer } from '@weir/http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { OutgoingHttpHeader, OutgoingHttpHeaders } from 'node:http'
import { answerAs, OF_THE_BODY, type Ranged } from './answer.js'
import { giveHeaders } from './given-headers.js'
import { shortenGroups } from './groups.js'
import { hasConditions, isRemoved, type StoredResponse } from './stored-response.js'
import { isKeyTag } from './tags.js'
import { type Miss, missOf, type Target } from './target.js'
import { leaveOutVariance, type ToldVariance } from './told-variance.js'
import type { Fields } from './head.js'

/** Seconds of freshness left, as `ttl` of Cache-Status says it: negative for a stale response (RFC 9211, 2.4). */
export const ttlSeconds = (freshUntil: number, now: number) => Math.floor((freshUntil - now) / 1000)

/** Of a response that says nothing: other caches cannot be told of invalidations, so they ask. Browsers do not keep what is no success. */
export const defaultCacheControl = (status: number) => status < 300 ? 'no-cache' : 'no-store'

const OUTCOME = { l1: 'l1', l2: 'l2', coalesced: 'coalesced', outage: 'stale' } as const
const DETAIL = { l1: 'memory', l2: 'store', outage: 'OUTAGE' } as const

// RFC 9111, 1.2.2
const OLDEST = 2 ** 31

/** What all hits of an application have in common. */
export interface HitOptions {
  readonly cacheName: string
  /** Whether responses have Cache-Groups. */
  readonly cacheGroups: boolean
}

/** A hit, and how its request is answered by it. */
export interface AnsweringHit {
  readonly hit: Hit<StoredResponse>
  readonly asked: StoredAnswer
  readonly target: Target
  readonly noVarySearch: ToldVariance | undefined
}

/**
 * Answers with a stored response, as a 304 where the client has it, or by a range of it (RFC 9111, 4.3.2; RFC 9110, 14). It is
 * written as it was sent, past all hooks of the reply: what they added to it is stored.
 */
export function sendHit (
  request: FastifyRequest, reply: FastifyReply, { hit, asked, target, noVarySearch }: AnsweringHit, options: HitOptions
): void {
  const { entry } = hit
  const { value: response } = entry
  const now = Date.now()
  const rendered = renderedHit(hit, missOf(target), now, options)
  request.cacheResult = rendered.result
  const fields = (response.isRaw ? { ...reply.raw.getHeaders() } : reply.getHeaders()) as Fields
  for (let i = 0; i < response.headers.length; i += 2) {
    const name = String(response.headers[i])
    if (asked === 'not-modified' && OF_THE_BODY.includes(name)) continue
    const value = response.headers[i + 1] ?? ''
    if (isRemoved(value)) {
      Reflect.deleteProperty(fields, name)
      // Hooks may have set it on the raw response.
      reply.raw.removeHeader(name)
    } else fields[name] = value
  }
  fields['age'] = rendered.age
  fields['date'] = rendered.date
  fields['cache-status'] = rendered.cacheStatus
  if (!response.isProxied) fields['cache-control'] ??= defaultCacheControl(response.status)
  leaveOutVariance(fields, noVarySearch)
  if (!options.cacheGroups) delete fields['cache-groups']
  else if (response.hasManyGroups) shortenGroups(fields, entry.tags.filter((tag) => !isKeyTag(tag)))
  const { status, body } = response
  if (asked === 'whole') return write(request, reply, status, fields, body)
  const answer = answerAs(asked, { status, fields, body }, rangedParts(response))
  write(request, reply, answer.status, answer.fields, answer.body)
}

/**
 * How a request is answered with a stored response; undefined if parts are stored, and not all that it asks for
 * (RFC 9111, 3.3).
 */
export function answerTo (request: FastifyRequest, entry: Entry<StoredResponse>, now: number): StoredAnswer | undefined {
  const { value: response } = entry
  const { parts } = response
  if (parts !== undefined) return answerFromParts(request, { ...parts, policy: response.policy(entry) }, now)
  if (!hasConditions(request.headers)) return 'whole'
  return answerFromStored(request, { status: response.status, policy: response.policy(entry), length: response.body.length }, now)
}

/** Parts as ranges are taken from; undefined for a whole response. */
export function rangedParts ({ parts }: StoredResponse): Ranged | undefined {
  return parts && {
    length: parts.length,
    bytesOf (span) {
      const bytes = bytesOf(parts, span)
      if (bytes === undefined) throw new RangeError(`bytes ${span.first}-${span.last} are not stored`)
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    }
  }
}

function write (
  { method, raw: { httpVersionMajor } }: FastifyRequest, reply: FastifyReply, status: number, fields: Fields, body: Buffer
): void {
  const { raw } = reply
  if (status !== 304 && status !== 204) fields['content-length'] = String(body.length)
  // The reply says it for onResponse hooks: Node does not give back what is written as a list.
  giveHeaders(reply, fields)
  // HTTP/2 would add the fields of a list to those that there are.
  if (httpVersionMajor === 2) raw.writeHead(status, fields as OutgoingHttpHeaders)
  else {
    const flat: OutgoingHttpHeader[] = []
    for (const name in fields) flat.push(name, fields[name] as OutgoingHttpHeader)
    raw.writeHead(status, flat)
  }
  // Not before: what a hook has set and nobody can send is an error of the application's, for its error handler.
  reply.hijack()
  if (method === 'HEAD' || body.length === 0) raw.end()
  else raw.end(body)
}

/** The same as before, unless the whole second of its age or of its ttl has changed. */
function renderedHit (
  { entry, source: tier, unverified, stale }: Hit<StoredResponse>, miss: Miss, now: number, { cacheName }: HitOptions
) {
  const { value: response } = entry
  const source = unverified === undefined ? tier : 'outage'
  const age = Math.min(OLDEST, Math.max(0, Math.floor((now - response.bornAt(entry)) / 1000)))
  const ttl = ttlSeconds(entry.freshUntil, now)
  const outcome = stale ? 'stale' : OUTCOME[source]
  return response.rendered(age + ttl * 1e6, source, outcome, () => ({
    age: String(age),
    date: fieldValue(response.header('date')) ?? new Date(entry.storedAt).toUTCString(),
    cacheStatus: source === 'coalesced'
      ? formatCacheStatus(cacheName, { fwd: miss, collapsed: true, ttl })
      : formatCacheStatus(cacheName, { hit: true, ttl, detail: DETAIL[source] }),
    result: { outcome, filledBy: entry.filledBy, cost: entry.cost }
  }))
}
