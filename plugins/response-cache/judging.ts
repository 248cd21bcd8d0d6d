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
import { filledChannel, type FilledMessage } from './channels.js'
import { commit } from './variants.js'

/** Response with the decision whether it is stored. */
export interface Judgement {
  readonly head: Head
  readonly tags: readonly string[]
  readonly responseTime: number
  readonly storing: Storing | NotStorable
}

/** Response to be stored, with the headers that the client gets. */
export interface Judged extends Judgement {
  readonly storing: Storing & { readonly store: true }
}

export const isStorable = (judgement: Judgement): judgement is Judged => judgement.storing.store

/** Like `Storing`, for reasons that only an application has, or the name of a credential. */
interface NotStorable {
  readonly store: false
  readonly reason: string
}

/** Decides whether and how a fill's response is stored, and which headers the client gets. */
export class Judging {
  /** True if the response was written to `reply.raw`. */
  isRaw = false
  hasTrailers = false
  /** True if the body's memory belongs to the application, which may reuse it. */
  isShared = false

  constructor (
    readonly request: FastifyRequest,
    readonly reply: FastifyReply,
    readonly ongoing: OngoingFill,
    readonly options: CaptureOptions
  ) {}

  /** Returns whether the response may be for its client alone. */
  isOwn (): boolean {
    return this.options.credentialsOf(this.request).length > 0
  }

  /**
   * Returns the route's tags, those the handler named in Cache-Groups (RFC 9875, section 2), and
   * those of the page's fragments.
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

  /** Adds the route's fields to the head. */
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
    // The tag was computed before encoding, so other encodings have it, too (RFC 9110, 8.8.3.3).
    if (request.isTagged && typeof etag === 'string' && fields['content-encoding'] !== undefined) {
      fields['etag'] = etag.replace(
        /"$/,
        `-${String(fields['content-encoding']).replace(/[^\w.-]+/g, '')}"`
      )
    }
  }

  /**
   * Removes fields from the head that are too long for the client or internal; they are stored
   * nevertheless.
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
   * Decides whether the head may be stored, according to its own fields and to the cache. Adds the
   * route's fields: the head's fields belong to the caller.
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
   * Decides again when the body is complete: with all fragments used until now, and their remaining
   * lifetimes.
   * @param judged its fields belong to the caller
   * @param isSent the client has the head, which can no longer be changed
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
    // A server may refuse dot segments: its refusal must not be served for the path without them.
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

  /** Returns the reason why the route rejects a response that could be stored. */
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
   * Returns the credential that makes the response private; the handler may have identified the
   * user.
   */
  #barring ({ fields }: Head): string | undefined {
    const {
      request,
      ongoing: { credentials, target, route }
    } = this
    const found = barring(credentials, [...target.names, ...listOf(fields['vary'])])
    return found ?? (route.options.public !== true && hasUser(request) ? 'user' : undefined)
  }

  /** Decides whether and how the response may be stored. */
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
    // Reason phrases of the application cannot be stored (RFC 9112, 4).
    if (reason !== undefined && reason !== STATUS_CODES[status]) {
      return { store: false, reason: 'REASON' }
    }
    if (fields['trailer'] !== undefined || this.hasTrailers) {
      return { store: false, reason: 'TRAILERS' }
    }
    if (String(fields['content-type']).startsWith('text/event-stream')) {
      return { store: false, reason: 'EVENTS' }
    }
    // Omits fields of hooks before the handler, which write them again on each hit; the
    // Content-Range of a part that is complete; and the status, which depends on the reuse. A
    // response without Date gets that of its entry in every answer.
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
        // A response without Date and Age was created here, just now; only one from elsewhere may
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
    // A ttl applies to regular responses of the route, not to its errors.
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
    // The Date was sent before the response could be stored.
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
    const committed = commit(ongoing, request, { response, policy, rule, tags, responseTime })
    return filledChannel.hasSubscribers
      ? committed.then((done) => this.#published(done))
      : committed
  }

  #published<R extends Pick<FilledMessage, 'key' | 'entry' | 'result'>> (stored: R): R {
    const { request, ongoing: { purpose, requestTime } } = this
    const { key, entry, result } = stored
    const message: FilledMessage = { request, key, entry, result, purpose, began: requestTime }
    filledChannel.publish(message)
    return stored
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
      // The handler may have read data newer than other instances still serve: the response stays
      // hidden until they have finished.
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
      // The response itself is correct. However, a client that sees it may then get an older one
      // from another instance.
      request.log.warn(
        { err: error, tags },
        'the outbox could not tell whether an invalidation is pending: the response is served ' +
        'and not stored'
      )
      return false
    }
  }

  get trust (): { requestDirectives: boolean } {
    return { requestDirectives: this.ongoing.route.options.requestDirectives !== false }
  }
}

const not = (reason: string): NotStorable => ({ store: false, reason })

/** HEAD is not a fill; other methods are treated like GET. */
const askedBy = ({ method }: FastifyRequest, { target }: OngoingFill) =>
  method === 'POST' ? { method, uri: target.key.uri } : { method: 'GET' }

/** Copies small Buffers, which share memory with others that a stored one would keep alive. */
const exactly = (bytes: Buffer): Buffer =>
  bytes.buffer.byteLength === bytes.length ? bytes : copyOf(bytes)

function copyOf (bytes: Buffer): Buffer {
  const body = Buffer.allocUnsafeSlow(bytes.length)
  body.set(bytes)
  return body
}

const NEGATIVE = new Set([404, 405, 410, 414, 501])

/** Returns whether a part is complete: it answers any request. */
const hasAll = ({ status, fields }: Head) => status === 206 && coversWhole(fields['content-range'])
