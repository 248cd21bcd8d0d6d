import { keyTag } from '@weir/cache'
import {
  coversWhole,
  decideStoring,
  formatCacheGroups,
  parseNoVarySearch,
  type Storing
} from '@weir/http'
import { shown } from '@weir/internal'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { STATUS_CODES } from 'node:http'
import { follow } from '../fragments/follow.js'
import { pageOf } from '../fragments/page.js'
import { ignoreRejection, resultOf } from '../given.js'
import type { CaptureOptions, PendingInvalidations } from './capture.js'
import { barring, hasUser } from './credentials.js'
import { isOwn, joinedVary, listOf } from './fields.js'
import { MOST_GROUP_BYTES, shortenGroups } from './groups.js'
import type { Fields, Head } from './head.js'
import { ruledKey, targetTags } from './key.js'
import { boundedBy, storingOptions } from './lifetime.js'
import type { OngoingFill } from './ongoing-fill.js'
import { hasDotSegments } from './path.js'
import { REMOVED, StoredResponse } from './stored-response.js'
import { givenTags, type GivenTags, groupTags, isKeyTag } from './tags.js'
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
  /** The memory of the body is the application's, which may use it again. */
  isShared = false

  constructor (
    readonly request: FastifyRequest,
    readonly reply: FastifyReply,
    readonly ongoing: OngoingFill,
    readonly options: CaptureOptions
  ) {}

  /** Whether the answer may be for its client alone. */
  isOwn (): boolean {
    return this.options.credentialsOf(this.request).length > 0
  }

  /**
   * The route's tags, those the handler named in Cache-Groups (RFC 9875, section 2), and those of
   * the page's fragments.
   */
  #tags ({ fields }: Head): GivenTags {
    const {
      request,
      reply,
      ongoing: { route }
    } = this
    const { tags, malformed } = givenTags(resultOf(() => route.tagsOf(request, reply)))
    const all = new Set(tags)
    for (const group of groupTags(fields['cache-groups'])) all.add(group)
    for (const tag of pageOf(request)?.tags ?? []) all.add(tag)
    return { tags: [...all], malformed }
  }

  /** Adds what the route says of it to the head. */
  #complete ({ fields }: Head, tags: readonly string[]): void {
    const {
      request,
      ongoing: {
        noVarySearch,
        route: {
          options: { vary }
        }
      }
    } = this
    if (tags.length > 0) fields['cache-groups'] = formatCacheGroups(tags)
    if (vary !== undefined) fields['vary'] = joinedVary(fields['vary'], vary)
    if (noVarySearch !== undefined) fields['no-vary-search'] ??= noVarySearch.field
    const etag = fields['etag']
    // The tag was made of the bytes before they were encoded: others have it, too (RFC 9110,
    // 8.8.3.3).
    if (request.isTagged && typeof etag === 'string' && fields['content-encoding'] !== undefined) {
      fields['etag'] = etag.replace(
        /"$/,
        `-${String(fields['content-encoding']).replace(/[^\w.-]+/g, '')}"`
      )
    }
  }

  /**
   * Takes out of the head what is too long for the way to the client, or not for it to know; it is
   * stored all the same.
   */
  told (head: Head, tags: readonly string[]): Head {
    const { fields } = head
    const { cacheGroups } = this.options
    leaveOutVariance(fields, this.ongoing.noVarySearch)
    const groups = fields['cache-groups']
    if (groups === undefined) return head
    if (!cacheGroups) delete fields['cache-groups']
    else if (String(groups).length > MOST_GROUP_BYTES) {
      shortenGroups(
        fields,
        tags.filter((tag) => !isKeyTag(tag))
      )
    }
    return head
  }

  /**
   * Whether the head may be stored, as far as it says itself and as far as others know. It gets
   * what the route says of it: its fields are the caller's own.
   */
  judge (head: Head): Judgement | Promise<Judgement> {
    const { tags, malformed } = this.#tags(head)
    this.#complete(
      head,
      tags.filter((tag) => !isKeyTag(tag))
    )
    const judgement = (settled: boolean): Judgement => {
      const responseTime = Date.now()
      return {
        head,
        tags,
        responseTime,
        storing: this.#judged(head, responseTime, settled, malformed)
      }
    }
    const { outbox } = this.options
    return outbox === undefined
      ? judgement(true)
      : this.#settle(outbox, head, tags).then(judgement)
  }

  /**
   * Judges a response again when its body is whole: by all fragments that were used until now, and
   * what is left of them.
   * @param judged its fields are the caller's own
   * @param isSent the client has the head, which cannot be changed any more
   */
  async judgeEnd (judged: Judged, isSent: boolean): Promise<Judgement> {
    const {
      request,
      ongoing: { route, target },
      options: { outbox }
    } = this
    const page = pageOf(request)
    if (page === undefined) return judged
    const {
      head,
      head: { fields }
    } = judged
    const tags = [...new Set([...judged.tags, ...page.tags])]
    const varied = fields['vary']
    follow(page, fields)
    if (tags.length > judged.tags.length) {
      fields['cache-groups'] = formatCacheGroups(tags.filter((tag) => !isKeyTag(tag)))
    }
    const settled =
      outbox === undefined ||
      tags.length === judged.tags.length ||
      (await this.#settle(outbox, head, tags))
    const responseTime = Date.now()
    const isChanged = isSent && String(fields['vary']) !== String(varied)
    const storing = !settled
      ? not('UNSETTLED')
      : isChanged
        ? not('VARY')
        : this.decide(head, responseTime)
    if (!storing.store && this.isOwn()) route.shared.note(primaryKey(target), false)
    return { head, tags, responseTime, storing }
  }

  #judged (
    head: Head,
    responseTime: number,
    settled: boolean,
    malformed: unknown
  ): Storing | NotStorable {
    const {
      request,
      ongoing: { route, target }
    } = this
    if (malformed !== undefined) {
      route.complain(request, 'INVALID_TAG', { given: shown(malformed) })
      return { store: false, reason: 'INVALID_TAG' }
    }
    if (!settled) return { store: false, reason: 'UNSETTLED' }
    // Whoever answers may refuse dot segments: those who ask without them are not to be told so.
    if (head.status >= 300 && hasDotSegments(request.url)) {
      return { store: false, reason: 'DOT_SEGMENTS' }
    }
    const storing = this.decide(head, responseTime)
    const isBarred = !storing.store && storing.reason === 'AUTHORIZATION'
    const unwanted = storing.store ? this.#whyUnwanted() : undefined
    if (unwanted !== undefined) return { store: false, reason: unwanted }
    if ((storing.store || isBarred || route.options.public === true) && this.isOwn()) {
      route.shared.note(primaryKey(target), storing.store)
    }
    return isBarred
      ? { store: false, reason: this.#barring(head)?.toUpperCase() ?? 'AUTHORIZATION' }
      : storing
  }

  /** The reason why the route does not want a response that could be stored. */
  #whyUnwanted (): string | undefined {
    const {
      request,
      reply,
      ongoing: { route }
    } = this
    const { onlyIf } = route.options
    const wanted = onlyIf === undefined ? true : resultOf(() => onlyIf(request, reply))
    if (typeof wanted === 'boolean') return wanted ? undefined : 'ONLY_IF'
    ignoreRejection(wanted)
    route.complain(request, 'INVALID_ONLY_IF', { given: shown(wanted) })
    return 'INVALID_ONLY_IF'
  }

  /**
   * The credential that makes the response its client's alone; the handler may have found out who
   * that is.
   */
  #barring ({ fields }: Head): string | undefined {
    const {
      request,
      ongoing: { credentials, target, route }
    } = this
    const found = barring(credentials, [...target.names, ...listOf(fields['vary'])])
    return found ?? (route.options.public !== true && hasUser(request) ? 'user' : undefined)
  }

  /** Whether and how the response may be stored. */
  decide (head: Head, responseTime: number): Storing | NotStorable {
    const { status, reason, fields } = head
    const {
      request,
      ongoing,
      ongoing: {
        route: { options },
        requestTime
      }
    } = this
    const page = pageOf(request)
    if (page?.isPrivate === true || page?.isOwn === true) return not('PRIVATE')
    // Nothing keeps a reason of the application's own (RFC 9112, 4).
    if (reason !== undefined && reason !== STATUS_CODES[status]) {
      return { store: false, reason: 'REASON' }
    }
    if (fields['trailer'] !== undefined || this.hasTrailers) {
      return { store: false, reason: 'TRAILERS' }
    }
    if (String(fields['content-type']).startsWith('text/event-stream')) {
      return { store: false, reason: 'EVENTS' }
    }
    // Hooks before the handler write theirs again on each hit, a part that has everything is a
    // whole, and each reuse has its own status. A response without Date gets that of its entry,
    // whoever is answered with it.
    const isWhole = hasAll(head)
    const keeps = (name: string) =>
      name !== 'cache-status' &&
      (name !== 'date' || fields['date'] !== undefined) &&
      (name !== 'content-range' || !isWhole) &&
      isOwn(name, fields, ongoing)
    const decide = (lifetimes: Parameters<typeof storingOptions>[0]) =>
      decideStoring(
        {
          ...askedBy(request, ongoing),
          headers: request.headers,
          hasCredential: this.#barring(head) !== undefined
        },
        { status, headers: fields },
        // What has no Date and no Age was made here, just now; only what came from elsewhere may
        // have aged on its way.
        {
          requestTime:
            fields['date'] !== undefined || fields['age'] !== undefined
              ? requestTime
              : responseTime,
          responseTime
        },
        {
          ...this.trust,
          public: options.public === true,
          setCookie: ongoing.setCookie ?? 'refuse',
          keeps,
          ...boundedBy(page?.freshUntil, responseTime, storingOptions(lifetimes))
        }
      )
    if (status < 400 || (options.ttl === undefined && options.negative === undefined)) {
      return decide(options)
    }
    // A ttl is for what the route has to say, not for its saying that it cannot.
    const { ttl: _, staleWhileRevalidate: __, staleIfError: ___, ...rest } = options
    const byItself = decide({ ...rest, heuristic: false })
    if (byItself.store && byItself.policy.source !== 'none') return byItself
    if (options.negative === undefined || !NEGATIVE.has(status)) {
      return { store: false, reason: NEGATIVE.has(status) ? 'NEGATIVE' : 'STATUS' }
    }
    return decide({ ...rest, ttl: options.negative, staleWhileRevalidate: 0, staleIfError: 0 })
  }

  commit (
    { head, tags, responseTime, storing: { policy, headers, isPublic } }: Judged,
    body: Buffer
  ) {
    const { request, ongoing } = this
    ongoing.route.unstorable.delete(primaryKey(ongoing.target))
    ongoing.route.notModified.delete(primaryKey(ongoing.target))
    const added: Record<string, Fields[string]> = {}
    // It was sent with one before it could be stored.
    if (headers['date'] === undefined && head.fields['date'] !== undefined) {
      added['date'] = head.fields['date']
    }
    for (const name of Object.keys(ongoing.before)) {
      if (head.fields[name] === undefined && name !== 'date') added[name] = REMOVED
    }
    const stored = Object.keys(added).length === 0 ? headers : { ...headers, ...added }
    const response = StoredResponse.of(
      {
        status: hasAll(head) ? 200 : head.status,
        headers: stored,
        body: this.isShared ? copyOf(body) : exactly(body)
      },
      policy,
      { isPublic, isRaw: this.isRaw, isProxied: ongoing.remote.isProxied, storedAt: Date.now() }
    )
    const rule = parseNoVarySearch(head.fields['no-vary-search'])
    return commit(ongoing, request, { response, policy, rule, tags, responseTime })
  }

  async #settle (
    outbox: PendingInvalidations,
    head: Head,
    tags: readonly string[]
  ): Promise<boolean> {
    const {
      request,
      ongoing: { fill, target }
    } = this
    try {
      // What the handler has read may be newer than what other instances still serve: nobody sees
      // it before they are done with that.
      const home = ruledKey(exactKey(target), parseNoVarySearch(head.fields['no-vary-search']))
      await outbox.settle([
        ...new Set([
          ...tags,
          ...targetTags(target.key, fill.key),
          ...targetTags(home, fill.key),
          keyTag(fill.key)
        ])
      ])
      return true
    } catch (error) {
      // The answer itself is right. Only, somebody who sees it may then see an older one from
      // another instance.
      request.log.warn(
        { err: error, tags },
        'the outbox could not say what is pending: the response is served and not stored'
      )
      return false
    }
  }

  get trust (): { requestDirectives: boolean } {
    return { requestDirectives: this.ongoing.route.options.requestDirectives !== false }
  }
}

const not = (reason: string): NotStorable => ({ store: false, reason })

/** HEAD is no fill: whatever else is one asks as GET does. */
const askedBy = ({ method }: FastifyRequest, { target }: OngoingFill) =>
  method === 'POST' ? { method, uri: target.key.uri } : { method: 'GET' }

/** Small Buffers share memory with others, which a stored one would keep alive. */
const exactly = (bytes: Buffer): Buffer =>
  bytes.buffer.byteLength === bytes.length ? bytes : copyOf(bytes)

function copyOf (bytes: Buffer): Buffer {
  const body = Buffer.allocUnsafeSlow(bytes.length)
  body.set(bytes)
  return body
}

const NEGATIVE = new Set([404, 405, 410, 414, 501])

/** Whether it is a part that is all there is: it answers any request. */
const hasAll = ({ status, fields }: Head) => status === 206 && coversWhole(fields['content-range'])
