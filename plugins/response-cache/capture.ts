import { type Entry, Fill, keyTag, type StoreResult } from '@weir/cache'
import {
  answerFromParts,
  answerFromStored,
  answerWithLess,
  appendCacheStatus,
  type CacheStatus,
  combineParts,
  coversWhole,
  endToEndHeaders,
  evaluatePreconditions,
  fieldValue,
  formatCacheStatus,
  hasValidators,
  isComplete,
  isServerFailure,
  outcomeOf,
  outcomeOfHead,
  parseContentRange,
  type Parts,
  placeIn,
  type Policy,
  servesStaleOnError,
  type StoredAnswer,
  updatedHeaders
} from '@weir/http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { followHead, noteHead } from '../fragments/follow.js'
import { answerAs, type Whole, withoutDigests } from './answer.js'
import { ownFields, withoutConnectionFields } from './fields.js'
import type { RouteEdge } from './edge-fields.js'
import type { InternalFills } from './fills.js'
import type { Fields, Head } from './head.js'
import { isStorable, type Judged, type Judgement, Judging } from './judging.js'
import { freshFor } from './lifetime.js'
import type { OngoingFill } from './ongoing-fill.js'
import type { PassingCache } from './pass-on.js'
import { hasDotSegments } from './path.js'
import { forwardStatus, type RemoteExchange } from './proxied.js'
import { defaultCacheControl, ttlSeconds } from './hit-head.js'
import { answerTo, rangedParts } from './serve.js'
import { hasConditions, partsOf, rangesOf, type StoredResponse } from './stored-response.js'
import { targetTags } from './key.js'
import { primaryKey } from './target.js'
import type { Plan, Tap } from './wire.js'

/**
 * Invalidations that are committed with their data, and that some instances may not have received
 * yet: `createOutbox` of `@weir/outbox`.
 */
export interface PendingInvalidations {
  /**
   * Resolves when every instance that uses its cache knows all invalidations with one of these tags
   * that were committed at the time of the call. Bounded in time, because responses wait for it.
   */
  settle (tags: readonly string[]): Promise<unknown>
}

export interface CaptureOptions {
  readonly cache: PassingCache<StoredResponse>
  readonly cacheName: string
  /** Whether responses have Cache-Groups. */
  readonly cacheGroups: boolean
  readonly maxBodyBytes: number
  readonly outbox: PendingInvalidations | undefined
  readonly internal: InternalFills
  readonly edge: RouteEdge | undefined
  readonly credentialsOf: (request: FastifyRequest) => readonly string[]
}

/**
 * Head as sent by the application, and those of its fields that hooks before the handler had not
 * set.
 */
interface Answer {
  readonly head: Head
  readonly own: Fields
}

/**
 * Completes a fill with the application's response: stores it, or reports why not. The final
 * status, header fields and bytes decide, regardless of their source. If the response confirms the
 * stored one, or is a failure, the stored response is sent instead.
 */
export class Capture implements Tap {
  /** Status with which the handler has confirmed the stored response. */
  #validated: number | undefined
  /**
   * Bytes added to stored parts, and the number of times that other requests had added theirs
   * first.
   */
  #added: { readonly answer: Answer; readonly bytes: Buffer; readonly tries: number } | undefined
  #isSeen = false
  readonly #judging: Judging

  constructor (
    readonly request: FastifyRequest,
    readonly reply: FastifyReply,
    readonly ongoing: OngoingFill,
    readonly options: CaptureOptions
  ) {
    this.#judging = new Judging(request, reply, ongoing, options)
  }

  head (head: Head, body: Buffer | undefined, isShared?: boolean): Plan | Promise<Plan> {
    this.#isSeen = true
    this.#judging.isShared = isShared === true
    this.#judging.hasTrailers = head.hasTrailers === true
    this.#judging.isRaw = this.reply.sent
    this.ongoing.restore()
    followHead(this.request, head)
    try {
      const plan = this.#plan(head, body)
      return plan instanceof Promise
        ? plan.catch((error: unknown) => this.#failed(head, error))
        : plan
    } catch (error) {
      return this.#failed(head, error)
    }
  }

  #failed (head: Head, error: unknown): Plan {
    // The response is still correct if storing it fails.
    this.ongoing.fill.fail()
    this.request.log.error({ err: error }, 'a response could not be stored')
    // The response is for this cache, not for the client.
    if (this.ongoing.asked.kind === 'missing' && OF_RANGES.has(head.status)) {
      return this.#replaced(BAD_GATEWAY)
    }
    return this.#passed(this.#judging.told(head, []), {})
  }

  closed (): void {
    const { fill, purpose } = this.ongoing
    if (purpose === 'refill') fill.fail()
    else fill.abandon()
  }

  /** Handlers that write to the raw response may never do so. */
  lingers (): boolean {
    return this.#isSeen || !this.reply.sent
  }

  /** Decides without a promise if neither the body nor a lookup has to be awaited. */
  #plan (given: Head, body: Buffer | undefined): Plan | Promise<Plan> {
    const {
      ongoing: {
        stale,
        purpose,
        asked: { kind }
      }
    } = this
    const head = withoutConnectionFields(given, this.ongoing)
    if (purpose === 'head') {
      return this.#answersHead(stale, { head, own: ownFields(head.fields, this.ongoing) })
    }
    if (kind === 'own' && OF_ONE_CLIENT.has(head.status)) return this.#answersClient(head)
    // Nothing is stored, and the response is not an error: the most frequent case.
    if (stale === undefined && !isServerFailure(head.status)) return this.#store(head, body)
    return this.#compared(stale, head, body)
  }

  /** Decides by comparison with the stored response, if there is one. */
  async #compared (
    stale: Entry<StoredResponse> | undefined,
    head: Head,
    body: Buffer | undefined
  ): Promise<Plan> {
    const {
      before,
      asked: { kind }
    } = this.ongoing
    const now = Date.now()
    const own = ownFields(head.fields, this.ongoing)
    if (kind === 'missing' && stale !== undefined && OF_RANGES.has(head.status)) {
      return this.#complete(stale, { head, own }, body)
    }
    const policy = stale?.value.policy(stale)
    const mayStandIn = stale !== undefined && this.#mayStandIn(stale, now)
    // The stored response without validators is not the one that a 304 confirms, and after its
    // windows it can only stand in for an error.
    const isOver =
      policy === undefined ||
      kind !== 'stored' ||
      (!hasValidators(policy) && policy.staleUntil <= now)
    const outcome = !isOver
      ? outcomeOf(policy, { status: head.status, headers: own }, now)
      : isServerFailure(head.status)
        ? 'failed'
        : 'replace'
    switch (outcome) {
      case 'failed': {
        // Errors may have a lifetime of their own.
        if (isOver && !mayStandIn && this.#judging.decide(head, now).store) {
          return this.#store(head, body)
        }
        return (
          (await this.#standIn(head)) ??
          this.#passed(head, { ...this.#fwdStatus(head.status), detail: 'STATUS' })
        )
      }
      case 'refetch':
        return this.#refetch(head)
      case 'update': {
        if (stale === undefined) return this.#store(head, body)
        this.#validated = head.status
        const fields = { ...before, ...updatedHeaders(stale.value.toHeaders(), own) }
        return this.#store({ status: stale.value.status, fields }, stale.value.body, true)
      }
      default:
        return this.#store(head, body)
    }
  }

  /**
   * Passes on the other server's answer to the client's own conditions or ranges, which says
   * nothing about responses to others.
   */
  async #answersClient (head: Head): Promise<Plan> {
    const {
      request,
      ongoing: { fill, route, target }
    } = this
    fill.withdraw()
    if (head.status === 304 && !this.#judging.isOwn()) {
      route.notModified.set(primaryKey(target), true)
    }
    return this.#passed(head, {
      fwdStatus: head.status,
      detail: request.headers.range === undefined ? 'CONDITION' : 'RANGE'
    })
  }

  /**
   * Renews the stored GET response with the fields of a HEAD response, or invalidates it if they
   * contradict it (RFC 9111, 4.3.5).
   */
  async #answersHead (
    stale: Entry<StoredResponse> | undefined,
    { head, own }: Answer
  ): Promise<Plan> {
    const {
      request,
      ongoing: { fill, before }
    } = this
    request.cacheResult ??= { outcome: 'bypass', reason: 'HEAD', cost: 0 }
    if (stale !== undefined) {
      const { value } = stale
      // HEAD does not have the length of an encoded response.
      const isSame = value.header('content-encoding') === fieldValue(own['content-encoding'])
      const said = outcomeOfHead(value.policy(stale), value.body.length, {
        status: head.status,
        headers: own
      })
      const outcome = isSame ? said : 'nothing'
      const fields = { ...before, ...updatedHeaders(value.toHeaders(), own) }
      const isOver =
        outcome === 'stale' ||
        (outcome === 'update' &&
          !(await this.#renewed({ status: value.status, fields }, value.body)))
      if (isOver) await this.#drop()
    }
    fill.withdraw()
    return this.#passed(head, {})
  }

  /** Stores a body again with its new fields; returns false if it may no longer be stored. */
  async #renewed (given: Head, body: Buffer): Promise<boolean> {
    const judgement = await this.#judging.judge(given)
    if (isStorable(judgement)) await this.#judging.commit(judgement, body)
    return isStorable(judgement)
  }

  /**
   * Adds the bytes that the stored parts lack; if they do not fit, fetches the complete response
   * again (RFC 9111, 3.4).
   */
  async #complete (
    stale: Entry<StoredResponse>,
    answer: Answer,
    body: Buffer | undefined,
    tries = 0
  ): Promise<Plan> {
    const { head, own } = answer
    const {
      ongoing: { before },
      options: { maxBodyBytes }
    } = this
    const { parts } = stale.value
    const date = parseDate(own['date'])
    if (parts === undefined || head.status !== 206) return this.#refetch(head)
    const place = placeIn({ ...parts, policy: stale.value.policy(stale) }, own, date)
    if (place === undefined) return this.#refetch(head)
    const add = (bytes: Buffer | undefined): Plan | Promise<Plan> => {
      if (bytes?.length !== place.last - place.first + 1) return this.#refetch(head)
      const all = combineParts(parts, { length: parts.length, spans: [place], body: bytes })
      if (all === undefined) return this.#refetch(head)
      this.#validated = head.status
      this.#added = { answer, bytes, tries }
      const fields: Fields = {
        ...before,
        ...updatedHeaders(stale.value.toHeaders(), own),
        'content-range': rangesOf(all)
      }
      withoutDigests(fields)
      if (isComplete(all)) delete fields['content-range']
      return this.#store({ status: isComplete(all) ? 200 : 206, fields }, bufferOf(all.body), true)
    }
    return body !== undefined
      ? add(body)
      : { kind: 'collect', limit: maxBodyBytes, done: add, broken: () => this.#broken(head) }
  }

  /**
   * Stores the response if that is allowed.
   * @param isStored the body is that of the stored response, which the application has confirmed
   */
  #store (head: Head, body: Buffer | undefined, isStored = false): Plan | Promise<Plan> {
    const judgement = this.#judging.judge(head)
    return judgement instanceof Promise
      ? judgement.then((judgement) => this.#storeAs(judgement, body, isStored))
      : this.#storeAs(judgement, body, isStored)
  }

  #storeAs (
    judgement: Judgement,
    body: Buffer | undefined,
    isStored: boolean
  ): Plan | Promise<Plan> {
    const {
      ongoing: { purpose },
      options: { maxBodyBytes },
      request
    } = this
    const { head, tags } = judgement
    const declared = Number(head.fields['content-length'] ?? 0)
    const whole =
      head.status === 206 ? (parseContentRange(head.fields['content-range'])?.length ?? 0) : 0
    const isTooLarge = Math.max(body?.length ?? declared, whole) > maxBodyBytes
    const isWhole =
      isStored ||
      body === undefined ||
      ((declared === 0 || declared === body.length) && isWholePart(head, body))
    if (!isStorable(judgement) || isTooLarge || !isWhole) {
      const detail = !judgement.storing.store
        ? judgement.storing.reason
        : isTooLarge
          ? 'TOO_LARGE'
          : 'INCOMPLETE'
      return this.#notStored(judgement, detail, isStored ? body : undefined)
    }
    // The fill is still open: the complete response replaces the parts, unless it cannot be had.
    if (
      body !== undefined &&
      (purpose === 'answer' || purpose === 'refetch') &&
      this.#lacks(judgement, body)
    ) {
      return purpose === 'answer'
        ? this.#refetch(head)
        : this.#notStored(judgement, 'INCOMPLETE', undefined)
    }
    if (body !== undefined) return this.#stored(judgement, body)
    const isAnswered =
      head.status !== 206 &&
      ((declared > 0 && hasConditions(request.headers)) || this.#isKnown(head))
    if (purpose === 'refill' || isAnswered) {
      return {
        kind: 'collect',
        limit: maxBodyBytes,
        done: (body) => this.#collected(judgement, declared, body),
        broken: () => this.#broken(head)
      }
    }
    // The result is known only after the head has been sent.
    const { storing, responseTime } = judgement
    const judged = { ...judgement, head: { ...head, fields: { ...head.fields } } }
    const sent = withDefaults(
      this.#judging.told(dated(head, storing.policy), tags),
      this.ongoing.remote
    )
    noteHead(request, sent)
    this.#addEdge(sent, tags)
    return this.#passed(
      sent,
      { stored: true, ttl: Math.floor(freshFor(storing.policy, responseTime) / 1000) },
      async (body) => {
        if (body === undefined) return this.#abandon('TOO_LARGE', head)
        if ((declared > 0 && declared !== body.length) || !isWholePart(head, body)) {
          return this.ongoing.fill.abandon()
        }
        const { storing, ...ended } = await this.#judging.judgeEnd(judged, true)
        if (!storing.store) return this.#abandon(storing.reason, head)
        await this.#judging.commit({ ...ended, storing, head: sent }, body)
      }
    )
  }

  /** @param confirmed stored body, if the application has confirmed it */
  async #notStored (
    { head, tags }: Judgement,
    detail: string,
    confirmed: Buffer | undefined
  ): Promise<Plan> {
    await this.#abandon(detail, head)
    // The stored bytes do not cover the client's request, or were not combined for it.
    if (confirmed !== undefined && (this.ongoing.asked.kind === 'missing' || head.status === 206)) {
      return this.#refetch(head)
    }
    const passed = this.#passed(this.#judging.told(head, tags), { detail })
    if (passed.kind !== 'pass') return passed
    // The handler was not given the client's conditions.
    if (this.#isKnown(passed.head)) {
      return this.#replaced(answerAs('not-modified', { ...passed.head, body: NOTHING }))
    }
    if (confirmed === undefined) return passed
    const { status, fields } = passed.head
    fields['content-length'] = String(confirmed.length)
    return this.#replaced({ status, fields, body: confirmed })
  }

  /** Returns whether the client has the response already (RFC 9110, 13.1.2, 13.1.3). */
  #isKnown ({ status, fields }: Head): boolean {
    const { headers } = this.request
    if (status !== 200 || this.request.method === 'POST' || !hasConditions(headers)) return false
    const { 'if-none-match': match, 'if-modified-since': since } = headers
    const current = { etag: textOf(fields['etag']), lastModified: textOf(fields['last-modified']) }
    return (
      evaluatePreconditions(
        { method: 'GET', headers: { 'if-none-match': match, 'if-modified-since': since } },
        current
      ) === 'not-modified'
    )
  }

  /** Handles a response that was aborted before anything was sent. */
  async #broken (head: Head): Promise<Plan> {
    const standIn = await this.#standIn(head)
    if (standIn !== undefined) return standIn
    const fields = {
      ...BAD_GATEWAY.fields,
      'cache-status': this.#status({}, { ...this.#fwdStatus(head.status), detail: 'INCOMPLETE' })
    }
    return this.#replaced({ ...BAD_GATEWAY, fields })
  }

  async #collected (judged: Judged, declared: number, body: Buffer | undefined): Promise<Plan> {
    if (body !== undefined && (declared === 0 || declared === body.length)) {
      const ended = await this.#judging.judgeEnd(judged, false)
      const { storing } = ended
      return storing.store
        ? this.#stored({ ...ended, storing }, body)
        : this.#notStored(ended, storing.reason, undefined)
    }
    const { head, tags } = judged
    if (body === undefined) await this.#abandon('TOO_LARGE', head)
    else this.ongoing.fill.abandon()
    return this.#passed(this.#judging.told(head, tags), {
      detail: body === undefined ? 'TOO_LARGE' : 'INCOMPLETE'
    })
  }

  async #stored (judged: Judged, body: Buffer): Promise<Plan> {
    const {
      ongoing: { purpose }
    } = this
    const { storing, tags } = judged
    const { entry, result } = await this.#judging.commit(judged, body)
    const joined = result === 'invalid' ? await this.#addToNewer() : undefined
    if (joined !== undefined) return joined
    const told = withDefaults(this.#judging.told(judged.head, tags), this.ongoing.remote)
    if (result === 'stored') this.#addEdge(told, entry.tags)
    else this.options.edge?.forbid(told.fields)
    const { status } = entry.value
    const { fields } = told
    fields['date'] ??= new Date(entry.storedAt).toUTCString()
    if (status !== told.status) delete fields['content-range']
    fields['content-length'] = String(body.length)
    const asked = purpose === 'refill' ? 'whole' : this.#askedOf(entry, storing.policy)
    if (asked === undefined) return this.#refetch(judged.head)
    const answer = answerAs(
      asked,
      { status, fields, body: purpose === 'refill' ? NOTHING : body },
      rangedParts(entry.value)
    )
    if (PARTIAL.has(answer.status)) this.options.edge?.forbid(answer.fields)
    answer.fields['cache-status'] = this.#status(answer.fields, {
      ...(answer.status !== told.status &&
        this.#validated === undefined &&
        this.#fwdStatus(told.status)),
      ...(result === 'stored'
        ? { stored: true, ttl: ttlSeconds(entry.freshUntil, entry.storedAt) }
        : { detail: NOT_STORED[result] })
    })
    return this.#replaced(answer)
  }

  /**
   * Adds the bytes to parts that other requests have stored meanwhile. Undefined if there are none,
   * or they do not match.
   */
  async #addToNewer (): Promise<Plan | undefined> {
    const {
      request,
      reply,
      ongoing,
      ongoing: {
        fill: { key }
      },
      options
    } = this
    if (this.#added === undefined || this.#added.tries === MOST_TRIES) return undefined
    const { answer, bytes, tries } = this.#added
    // Memory may not have the newer parts yet.
    options.cache.evict(key)
    const fill = await options.cache.acquire(key, { beside: true, renew: true })
    if (!(fill instanceof Fill) || fill.stale?.value.parts === undefined) return undefined
    const newer = new Capture(request, reply, { ...ongoing, fill, stale: fill.stale }, options)
    return newer.#complete(fill.stale, answer, bytes, tries + 1)
  }

  /**
   * Returns whether the parts contain nothing that the client requested: the origin has sent a
   * different part than requested.
   */
  #lacks ({ head, storing: { policy } }: Judged, body: Buffer): boolean {
    const parts =
      head.status === 206 && !coversWhole(head.fields['content-range'])
        ? partsOf(head.fields['content-range'], body)
        : undefined
    return parts !== undefined && this.#partOf({ ...parts, policy }) === undefined
  }

  /** The origin may have sent less than requested. */
  #partOf (parts: Parts & { readonly policy: Policy }): StoredAnswer | undefined {
    const now = Date.now()
    return answerFromParts(this.request, parts, now) ?? answerWithLess(this.request, parts, now)
  }

  /**
   * Evaluates the client's request against the stored response, under the policy from the new
   * response.
   */
  #askedOf ({ value }: Entry<StoredResponse>, policy: Policy): StoredAnswer | undefined {
    const { request } = this
    const now = Date.now()
    if (value.parts !== undefined) return this.#partOf({ ...value.parts, policy })
    if (request.method !== 'GET' || !hasConditions(request.headers)) return 'whole'
    return answerFromStored(
      request,
      { status: value.status, policy, length: value.body.length },
      now
    )
  }

  /**
   * Ends the fill without a shared response. A stale response would be served again although the
   * resource has changed.
   */
  async #abandon (reason: string, { status }: Head): Promise<void> {
    const {
      request,
      ongoing: { asked, fill, route, target }
    } = this
    // A response that may be for its client alone says nothing about other clients, nor does a
    // response to POST or to another spelling.
    if (this.#judging.isOwn() || request.method === 'POST' || hasDotSegments(request.url)) {
      return fill.withdraw()
    }
    // Fresh parts also stay after a client's wish or mistake.
    if (reason === 'REQUEST_NO_STORE' || (asked.kind === 'missing' && status >= 400)) {
      return fill.withdraw()
    }
    fill.abandon()
    if (status < 400) {
      route.unstorable.set(primaryKey(target), { reason, until: Date.now() + UNSTORABLE })
    }
    if (fill.stale !== undefined) await this.#drop()
  }

  /** Sends the response in any case, because it is the correct one. */
  async #drop (): Promise<void> {
    const {
      request,
      ongoing: { fill },
      options: { cache }
    } = this
    try {
      // Expired here, it stays at the edge for the lifetime that it was given there.
      await cache.fleet.deleteMany([fill.key], { consistency: 'bounded' })
    } catch (error) {
      request.log.warn(
        { err: error, key: fill.key },
        'a response that has changed could not be invalidated'
      )
    }
  }

  /**
   * Fetches the response again without conditions after a 304 about a response other than the
   * stored one (RFC 9111, 4.3.3).
   */
  async #refetch (head: Head): Promise<Plan> {
    const {
      request,
      ongoing: { fill, target, before },
      options: { internal }
    } = this
    request.cacheResult ??= { outcome: 'miss', cost: 0, key: fill.key }
    const { answer, body } = await internal.refetch(request, fill, target)
    const fields: Fields = { ...before, ...endToEndHeaders(answer.headers) }
    // The response of the other request may have been for its moment.
    this.options.edge?.forbid(fields)
    return this.#replaced(
      {
        status: answer.statusCode,
        fields: { ...fields, 'content-length': String(body.length) },
        body
      },
      head.reason
    )
  }

  #mayStandIn (stale: Entry<StoredResponse>, now: number): boolean {
    return servesStaleOnError(this.request, stale.value.policy(stale), now, this.#judging.trust)
  }

  /**
   * Ends the fill as failed. Returns the stored response in place of the failure, if that is
   * allowed (RFC 5861, 4).
   */
  async #standIn ({ status: failed }: Head): Promise<Plan | undefined> {
    const {
      request,
      ongoing: { fill, stale, fwd, before }
    } = this
    fill.fail()
    const now = Date.now()
    const asked =
      stale !== undefined && this.#mayStandIn(stale, now)
        ? answerTo(request, stale, now)
        : undefined
    if (stale === undefined || asked === undefined || (await fill.validStale()) === undefined) {
      return undefined
    }
    const { status, body } = stale.value
    const fields: Fields = {
      ...before,
      ...stale.value.toHeaders(),
      age: String(Math.max(0, Math.floor((now - stale.value.bornAt(stale)) / 1000)))
    }
    fields['content-length'] = String(body.length)
    request.cacheResult ??= {
      outcome: 'stale',
      filledBy: stale.filledBy,
      cost: stale.cost,
      key: fill.key,
      entry: stale,
      standsIn: 'error'
    }
    this.options.edge?.forbid(fields)
    fields['cache-status'] = this.#status(fields, {
      fwd,
      ...this.#fwdStatus(failed),
      ttl: ttlSeconds(stale.freshUntil, now),
      detail: 'STALE_IF_ERROR'
    })
    return this.#replaced(answerAs(asked, { status, fields, body }, rangedParts(stale.value)))
  }

  /** Returns the application's own response with the fields of this cache. */
  #passed (
    { status, reason, fields }: Head,
    cacheStatus: CacheStatus,
    end?: (body: Buffer | undefined) => Promise<unknown>
  ): Plan {
    const {
      options: { maxBodyBytes, edge },
      ongoing: { purpose }
    } = this
    fields['cache-status'] = this.#status(fields, cacheStatus)
    if (cacheStatus.stored !== true) edge?.forbid(fields)
    if (purpose !== 'refill') {
      return {
        kind: 'pass',
        head: { status, reason, fields },
        record: end && { limit: maxBodyBytes, end }
      }
    }
    // The body is discarded, regardless of its size.
    fields['content-length'] = '0'
    return this.#replaced({ status, fields, body: NOTHING })
  }

  #replaced ({ status, fields, body }: Whole, reason?: string): Plan {
    const {
      request: { method },
      reply
    } = this
    if (fields['transfer-encoding'] !== undefined) delete fields['transfer-encoding']
    if (WITHOUT_BODY.has(status)) delete fields['content-length']
    // The reply needs the length for onResponse hooks: Node does not return fields that are written
    // as a list.
    else reply.header('content-length', fields['content-length'])
    return {
      kind: 'replace',
      head: { status, reason, fields },
      body: method === 'HEAD' ? NOTHING : body
    }
  }

  /** Adds the fields for caches beyond the fleet, with every tag that ends the entry here. */
  #addEdge ({ status, fields }: Head, tags: readonly string[]): void {
    const {
      request: { method, originalUrl },
      ongoing: { target, fill },
      options: { edge }
    } = this
    if (method === 'POST' || status === 206) edge?.forbid(fields)
    else edge?.add(fields, [...tags, ...targetTags(target.key, ''), keyTag(fill.key)], originalUrl)
  }

  #status (fields: Fields, status: CacheStatus): string {
    const {
      request,
      ongoing: { fwd, fill },
      options: { cacheName }
    } = this
    const { detail: reason } = status
    // Refills are excluded, because no client sent them.
    request.cacheResult ??= {
      outcome: reason === undefined || WANTED.has(reason) ? 'miss' : 'bypass',
      reason,
      cost: 0,
      key: fill.key
    }
    const forwarded =
      this.#validated === undefined ? { fwd } : { fwd, ...this.#fwdStatus(this.#validated) }
    return appendCacheStatus(
      fields['cache-status'],
      formatCacheStatus(cacheName, { ...forwarded, ...status })
    )
  }

  #fwdStatus (handled: number): { fwdStatus?: number } {
    return forwardStatus(this.ongoing.remote, handled)
  }
}

// Maximum number of attempts to add parts to those of other requests.
const MOST_TRIES = 5
// Milliseconds for which a response that could not be stored is remembered.
const UNSTORABLE = 60_000
// Statuses that answer the conditions and ranges of one request.
const OF_ONE_CLIENT: ReadonlySet<number> = new Set([304, 412, 416])
// Statuses that no cache at the edge may take for the complete response.
const PARTIAL: ReadonlySet<number> = new Set([206, 416])
// Statuses that answer a request for missing bytes.
const OF_RANGES: ReadonlySet<number> = new Set([206, 304, 412, 416])
const NOT_STORED: Record<Exclude<StoreResult, 'stored'>, string> = {
  invalid: 'INVALIDATED',
  failed: 'STORE_FAILED',
  transient: 'NO_TTL'
}
// Reasons of responses that would have been stored without a failure.
const WANTED: ReadonlySet<string> = new Set(['INVALIDATED', 'STORE_FAILED', 'UNSETTLED'])
const NOTHING = Buffer.alloc(0)
const BAD_GATEWAY: Whole = { status: 502, fields: { 'content-length': '0' }, body: NOTHING }
const WITHOUT_BODY = new Set([204, 304])

/**
 * Adds the default Cache-Control, except to proxied responses, which have the fields of their
 * origin only.
 */
function withDefaults (head: Head, { isProxied }: RemoteExchange): Head {
  if (!isProxied) head.fields['cache-control'] ??= defaultCacheControl(head.status)
  return head
}

/** Adds Date to a head that is sent before its entry exists, so that both have the same. */
function dated (head: Head, { date }: Policy): Head {
  head.fields['date'] ??= new Date(date).toUTCString()
  return head
}

const textOf = (value: Fields[string] | undefined) => typeof value === 'string' ? value : undefined

/** Returns whether a 206 has all bytes that it declares. */
function isWholePart ({ status, fields }: Head, body: Buffer): boolean {
  const range = status === 206 ? parseContentRange(fields['content-range']) : undefined
  return range === undefined || body.length === range.last - range.first + 1
}

const bufferOf = ({ buffer, byteOffset, byteLength }: Uint8Array) =>
  Buffer.from(buffer, byteOffset, byteLength)

/** Parses a date; without one the response was created just now. */
function parseDate (value: Fields[string] | undefined): number {
  const date = Date.parse(textOf(value) ?? '')
  return Number.isNaN(date) ? Date.now() : date
}
