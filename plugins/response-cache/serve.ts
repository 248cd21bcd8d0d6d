import type { Entry, Hit } from '@weir/cache'
import { answerFromParts, answerFromStored, bytesOf, type StoredAnswer } from '@weir/http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { OutgoingHttpHeader, OutgoingHttpHeaders } from 'node:http'
import { answerAs, OF_THE_BODY, type Ranged } from './answer.js'
import { giveHeaders, givenHeaders } from './given-headers.js'
import { shortenGroups } from './groups.js'
import type { Fields } from './head.js'
import { type Answer, defaultCacheControl, HitHead, type HitOptions } from './hit-head.js'
import { isBodiless, isFraming, type ReadyAnswer, sendReady, takesReady } from './ready-head.js'
import { hasConditions, type StoredResponse } from './stored-response.js'
import { isKeyTag } from './tags.js'
import type { Target } from './target.js'
import { leaveOutVariance, type ToldVariance } from './told-variance.js'

/** Hit, with the properties needed to answer its request. */
export interface AnsweringHit {
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly hit: Hit<StoredResponse>
  readonly asked: StoredAnswer
  readonly target: Target
  readonly noVarySearch: ToldVariance | undefined
}

/**
 * Answers with a stored response, as a 304 if the client has it, or with a range of it (RFC 9111,
 * 4.3.2; RFC 9110, 14). It is written as it was sent, bypassing all hooks of the reply, whose
 * changes are stored.
 */
export function sendHit (
  request: FastifyRequest,
  reply: FastifyReply,
  { hit, asked, target, noVarySearch, now }: AnsweringHit,
  options: HitOptions
): void {
  const {
    entry,
    entry: { value: response }
  } = hit
  const head = HitHead.of(hit, now, options, target)
  const moment = head.at(now, hit, target)
  request.cacheResult = moment.result
  const isReady = noVarySearch?.isTold !== false
  if (isReady && sendAsReady(reply, head, moment, answerOf(request, asked))) {
    return
  }
  const fields = (response.isRaw ? { ...reply.raw.getHeaders() } : reply.getHeaders()) as Fields
  for (const name of head.removed) {
    Reflect.deleteProperty(fields, name)
    // Hooks may have set it on the raw response.
    reply.raw.removeHeader(name)
  }
  Object.assign(fields, head.fields, { age: moment.age, 'cache-status': moment.cacheStatus })
  if (!response.isProxied) fields['cache-control'] ??= defaultCacheControl(response.status)
  leaveOutVariance(fields, noVarySearch)
  if (options.cacheGroups && response.hasManyGroups) {
    shortenGroups(
      fields,
      entry.tags.filter((tag) => !isKeyTag(tag))
    )
  }
  const { status, body } = response
  const sent = answerAs(asked, { status, fields, body }, rangedParts(response))
  const told = response.status === 206 ? 206 : sent.status
  head.addEdge(sent.fields, moment, told, request.originalUrl)
  write(request, reply, sent.status, sent.fields, sent.body)
}

/** Returns the kind of answer that can be prepared; ranges cannot. */
function answerOf ({ method }: FastifyRequest, asked: StoredAnswer): Answer | undefined {
  if (asked === 'whole') return method === 'HEAD' ? 'head' : 'whole'
  return asked === 'not-modified' ? 'notModified' : undefined
}

/**
 * Sends a prepared answer. Returns false without sending if fields of hooks affect others, or the
 * response is not an ordinary one of HTTP/1.1.
 */
function sendAsReady (
  reply: FastifyReply,
  head: HitHead,
  moment: ReturnType<HitHead['at']>,
  answer: Answer | undefined
): boolean {
  const { raw } = reply
  const ready = answer && head.ready(answer, moment)
  if (ready === undefined || !takesReady(raw)) return false
  // The prepared text may include a body, which Node would not omit.
  if (answer === 'whole' && isBodiless(raw)) return false
  const given = givenHeaders(reply)
  const hasGiven = Object.keys(given).length > 0
  const own = hasGiven ? withGiven(given, ready, head) : ready
  if (own === undefined) return false
  // Hooks and other listeners run at the end, and may then read what was sent.
  const isWatched = raw.listenerCount('finish') > OWN_LISTENERS || raw.listenerCount('close') > 0
  sendReady(raw, ready, own.framing)
  reply.hijack()
  if (hasGiven || isWatched) giveHeaders(reply, hasGiven ? own.fields : { ...own.fields })
  return true
}

// Node's own listener for `finish`.
const OWN_LISTENERS = 1

/**
 * Merges the fields of an answer with those set by hooks, for the reply. Undefined if one of these
 * replaces one that the cache would add, or affects how Node sends all of them.
 */
function withGiven (
  given: Fields,
  { status, fields: ready, framing: needed }: ReadyAnswer,
  { fields: stored, hasEdge }: HitHead
): Pick<ReadyAnswer, 'fields' | 'framing'> | undefined {
  // Adding to a spread object would cost more than the rest of this function.
  const fields: Fields = Object.assign({}, ready)
  const framing = [...needed]
  for (const name in given) {
    // The edge must not store a cookie.
    if (name === 'set-cookie' && hasEdge) return undefined
    if (isFraming(name) || (name === 'cache-control' && stored[name] === undefined)) {
      return undefined
    }
    if (Object.hasOwn(fields, name) || (status === 304 && OF_THE_BODY.includes(name))) continue
    const value = given[name] ?? ''
    framing.push(name, typeof value === 'object' ? [...value] : value)
    fields[name] = value
  }
  return { fields, framing }
}

/**
 * Determines how a request is answered with a stored response; undefined if stored parts do not
 * cover it (RFC 9111, 3.3).
 */
export function answerTo (
  request: FastifyRequest,
  entry: Entry<StoredResponse>,
  now: number
): StoredAnswer | undefined {
  const { value: response } = entry
  const { parts } = response
  if (parts !== undefined) {
    return answerFromParts(request, { ...parts, policy: response.policy(entry) }, now)
  }
  if (!hasConditions(request.headers)) return 'whole'
  const policy = response.hitHead?.policy(entry) ?? response.policy(entry)
  return answerFromStored(
    request,
    { status: response.status, policy, length: response.body.length },
    now
  )
}

/** Returns parts as a source of ranges; undefined for a complete response. */
export function rangedParts ({ parts }: StoredResponse): Ranged | undefined {
  return parts && {
    length: parts.length,
    bytesOf (span) {
      const bytes = bytesOf(parts, span)
      if (bytes === undefined) {
        throw new RangeError(`bytes ${span.first}-${span.last} are not stored`)
      }
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    }
  }
}

function write (
  { method, raw: { httpVersionMajor } }: FastifyRequest,
  reply: FastifyReply,
  status: number,
  fields: Fields,
  body: Buffer
): void {
  const { raw } = reply
  if (status !== 304 && status !== 204) fields['content-length'] = String(body.length)
  // The reply needs the fields for onResponse hooks: Node does not return fields that are written
  // as a list.
  giveHeaders(reply, fields)
  // HTTP/2 would add the fields of a list to the existing ones.
  if (httpVersionMajor === 2) raw.writeHead(status, fields as OutgoingHttpHeaders)
  else {
    const flat: OutgoingHttpHeader[] = []
    for (const name in fields) flat.push(name, fields[name] as OutgoingHttpHeader)
    raw.writeHead(status, flat)
  }
  // Hijacking comes after writeHead: invalid fields of a hook are an error of the application, for
  // its error handler.
  reply.hijack()
  if (method === 'HEAD' || body.length === 0) raw.end()
  else raw.end(body)
}
