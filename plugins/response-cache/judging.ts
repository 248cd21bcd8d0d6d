import { keyTag } from '@weir/cache'
import { coversWhole, decideStoring, formatCacheGroups, parseNoVarySearch, type Storing } from '@weir/http'
import { shown } from '@weir/internal'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { STATUS_CODES } from 'node:http'
import { resultOf } from '../given.js'
import type { CaptureOptions } from './capture.js'
import { barring, hasUser } from './credentials.js'
import { joinedVary, listOf, ownFields } from './fields.js'
import { MOST_GROUP_BYTES, shortenGroups } from './groups.js'
import type { Fields, Head } from './head.js'
import { ruledKey, targetTags } from './key.js'
import { storingOptions } from './lifetime.js'
import type { OngoingFill } from './ongoing-fill.js'
import { hasDotSegments } from './path.js'
import { REMOVED, StoredResponse } from './stored-response.js'
import { givenTags, type GivenTags, groupTags } from './tags.js'
import { exactKey, primaryKey } from './target.js'
import { leaveOutVariance } from './told-variance.js'
import { commit } from './variants.js'

/** A response, and whether it is stored. */
export interface Judgement {
  readonly head: Head
  readonly tags: readonly string[]
  readonly responseTime: number
  readonly storing: Storing | NotStorable
}

/** A response that is to be stored, and how it is told the client. */
export interface Judged extends Judgement {
  readonly storing: Storing & { readonly store: true }
}

export const isStorable = (judgement: Judgement): judgement is Judged => judgement.storing.store

/** As `Storing`, for reasons that only an application has; or the name of a credential. */
interface NotStorable {
  readonly store: false
  readonly reason: string
}

/** Decides whether and how a fill's response is stored, and how the client is told of it. */
export class Judging {
  /** The answer was written past the reply. */
  isRaw = false
  hasTrailers = false

  constructor (
    readonly request: FastifyRequest, readonly reply: FastifyReply, readonly ongoing: OngoingFill, readonly options: CaptureOptions
  ) {}

  /** Whether the answer may be for its client alone. */
  isOwn (): boolean {
    return this.options.credentialsOf(this.request).length > 0
  }

  /** The route's tags and those the handler named in Cache-Groups (RFC 9875, section 2). */
  #tags ({ fields }: Head): GivenTags {
    const { request, reply, ongoing: { route } } = this
    const { tags, malformed } = givenTags(resultOf(() => route.tagsOf(request, reply)))
    return { tags: [...new Set([...tags, ...groupTags(fields['cache-groups'])])], malformed }
  }

  /** The head with what the route says of it. */
  #completed ({ status, fields, reason }: Head, tags: readonly string[]): Head {
    const { request, ongoing: { noVarySearch, route: { options: { vary } } } } = this
    const completed = { ...fields }
    if (tags.length > 0) completed['cache-groups'] = formatCacheGroups(tags)
    if (vary !== undefined) completed['vary'] = joinedVary(completed['vary'], vary)
    if (noVarySearch !== undefined) completed['no-vary-search'] ??= noVarySearch.field
    const etag = completed['etag']
    // The tag was made of the bytes before they were encoded: others have it, too (RFC 9110, 8.8.3.3).
    if (request.isTagged && typeof etag === 'string' && completed['content-encoding'] !== undefined) {
      completed['etag'] = etag.replace(/"$/, `-${String(completed['content-encoding']).replace(/[^\w.-]+/g, '')}"`)
    }
    return { status, reason, fields: completed }
  }

  /** Leaves out what is too long for the way to the client, or not for it to know; it is stored all the same. */
  told ({ status, reason, fields }: Head, tags: readonly string[]): Head {
    const told = { ...fields }
    const { cacheGroups } = this.options
    leaveOutVariance(told, this.ongoing.noVarySearch)
    if (!cacheGroups) delete told['cache-groups']
    else if (String(told['cache-groups'] ?? '').length > MOST_GROUP_BYTES) shortenGroups(told, tags)
    return { status, reason, fields: told }
  }

  /** The head with what the route says of it, and whether it may be stored, as far as it says itself and as far as others know. */
  async judge (given: Head): Promise<Judgement> {
    const { tags, malformed } = this.#tags(given)
    const head = this.#completed(given, tags)
    const settled = await this.#settle(head, tags)
    const responseTime = Date.now()
    return { head, tags, responseTime, storing: this.#judged(head, responseTime, settled, malformed) }
  }

  #judged (head: Head, responseTime: number, settled: boolean, malformed: unknown): Storing | NotStorable {
    const { request, ongoing: { route, target } } = this
    if (malformed !== undefined) {
      route.complain(request, 'INVALID_TAG', { given: shown(malformed) })
      return { store: false, reason: 'INVALID_TAG' }
    }
    if (!settled) return { store: false, reason: 'UNSETTLED' }
    // Whoever answers may refuse dot segments: those who ask without them are not to be told so.
    if (head.status >= 300 && hasDotSegments(request.url)) return { store: false, reason: 'DOT_SEGMENTS' }
    const storing = this.decide(head, responseTime)
    const isBarred = !storing.store && storing.reason === 'AUTHORIZATION'
    if ((storing.store || isBarred || route.options.public === true) && this.isOwn()) route.shared.note(primaryKey(target), storing.store)
    return isBarred ? { store: false, reason: this.#barring(head)?.toUpperCase() ?? 'AUTHORIZATION' } : storing
  }

  /** The credential that makes the response its client's alone; the handler may have found out who that is. */
  #barring ({ fields }: Head): string | undefined {
    const { request, ongoing: { credentials, target, route } } = this
    const found = barring(credentials, [...target.names, ...listOf(fields['vary'])])
    return found ?? (route.options.public !== true && hasUser(request) ? 'user' : undefined)
  }

  /** Whether and how the response may be stored. */
  decide (head: Head, responseTime: number): Storing | NotStorable {
    const { status, reason, fields } = head
    const { request, ongoing, ongoing: { route: { options }, requestTime } } = this
    // Nothing keeps a reason of the application's own (RFC 9112, 4).
    if (reason !== undefined && reason !== STATUS_CODES[status]) return { store: false, reason: 'REASON' }
    if (fields['trailer'] !== undefined || this.hasTrailers) return { store: false, reason: 'TRAILERS' }
    if (String(fields['content-type']).startsWith('text/event-stream')) return { store: false, reason: 'EVENTS' }
    const decide = (lifetimes: Parameters<typeof storingOptions>[0]) => decideStoring(
      { ...askedBy(request, ongoing), headers: request.headers, hasCredential: this.#barring(head) !== undefined },
      { status, headers: fields },
      // What has no Date and no Age was made here, just now; only what came from elsewhere may have aged on its way.
      { requestTime: fields['date'] !== undefined || fields['age'] !== undefined ? requestTime : responseTime, responseTime },
      { ...this.trust, public: options.public === true, setCookie: ongoing.setCookie ?? 'refuse', ...storingOptions(lifetimes) }
    )
    if (status < 400 || (options.ttl === undefined && options.negative === undefined)) return stripped(decide(options), ongoing)
    // A ttl is for what the route has to say, not for its saying that it cannot.
    const { ttl: _, staleWhileRevalidate: __, staleIfError: ___, ...rest } = options
    const byItself = decide({ ...rest, heuristic: false })
    if (byItself.store && byItself.policy.source !== 'none') return stripped(byItself, ongoing)
    if (options.negative === undefined || !NEGATIVE.has(status)) return { store: false, reason: NEGATIVE.has(status) ? 'NEGATIVE' : 'STATUS' }
    return stripped(decide({ ...rest, ttl: options.negative, staleWhileRevalidate: 0, staleIfError: 0 }), ongoing)
  }

  async commit ({ head, tags, responseTime, storing: { policy, headers, isPublic } }: Judged, body: Buffer) {
    const { request, ongoing } = this
    ongoing.route.unstorable.delete(primaryKey(ongoing.target))
    ongoing.route.notModified.delete(primaryKey(ongoing.target))
    const { 'cache-status': _, date = '', ...fields }: Fields = headers
    // A part that is all there is answers any request.
    const isAll = head.status === 206 && coversWhole(head.fields['content-range'])
    if (isAll) delete fields['content-range']
    // A response without Date gets that of its entry, whoever is answered with it.
    const removed = Object.keys(ongoing.before).filter((name) => head.fields[name] === undefined && name !== 'date')
    const stored = {
      ...fields, ...head.fields['date'] !== undefined && { date }, ...Object.fromEntries(removed.map((name) => [name, REMOVED]))
    }
    const response = StoredResponse.of(
      { status: isAll ? 200 : head.status, headers: stored, body: ownCopy(body) },
      policy,
      { isPublic, isRaw: this.isRaw, isProxied: ongoing.remote.isProxied, storedAt: Date.now() }
    )
    const rule = parseNoVarySearch(head.fields['no-vary-search'])
    return commit(ongoing, request, { response, policy, rule, tags, responseTime })
  }

  async #settle (head: Head, tags: readonly string[]): Promise<boolean> {
    const { request, ongoing: { fill, target }, options: { outbox } } = this
    if (outbox === undefined) return true
    try {
      // What the handler has read may be newer than what other instances still serve: nobody sees it before they are done with that.
      const home = ruledKey(exactKey(target), parseNoVarySearch(head.fields['no-vary-search']))
      await outbox.settle([...new Set([...tags, ...targetTags(target.key, fill.key), ...targetTags(home, fill.key), keyTag(fill.key)])])
      return true
    } catch (error) {
      // The answer itself is right. Only, somebody who sees it may then see an older one from another instance.
      request.log.warn({ err: error, tags }, 'the outbox could not say what is pending: the response is served and not stored')
      return false
    }
  }

  get trust (): { requestDirectives: boolean } {
    return { requestDirectives: this.ongoing.route.options.requestDirectives !== false }
  }
}

/** HEAD is no fill: whatever else is one asks as GET does. */
const askedBy = ({ method }: FastifyRequest, { target }: OngoingFill) =>
  method === 'POST' ? { method, uri: target.key.uri } : { method: 'GET' }

const NEGATIVE = new Set([404, 405, 410, 414, 501])

/** Leaves out the fields that hooks before the handler have written: they write theirs again on each hit. */
function stripped (storing: Storing, ongoing: OngoingFill): Storing {
  return storing.store ? { ...storing, headers: ownFields(storing.headers, ongoing) } : storing
}

/** Small Buffers share memory with others, which a stored one would keep alive. */
function ownCopy (bytes: Buffer): Buffer {
  const body = Buffer.allocUnsafeSlow(bytes.length)
  body.set(bytes)
  return body
}
