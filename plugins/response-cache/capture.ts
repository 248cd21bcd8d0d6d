import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { type Cache, type Entry, type EntryOptions, keyTag, type StoreResult } from '@weir/cache'
import {
  answerFromStored, appendCacheStatus, type CacheStatus, decideStoring, endToEndHeaders, formatCacheGroups, formatCacheStatus,
  isServerFailure, outcomeOf, type Policy, servesStaleOnError, type StoredHeaders, type Storing, updatedHeaders
} from '@weir/http'
import { shown } from '@weir/internal'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { discard } from '../conditional/payload.js'
import type { InternalFills } from './fills.js'
import { MOST_GROUP_BYTES, shortenGroups } from './groups.js'
import { addVary, handlersHeaders, listOf, writeHeaders } from './headers.js'
import { variantKeyOf } from './key.js'
import { lifetime, storingOptions } from './lifetime.js'
import type { OngoingFill } from './ongoing-fill.js'
import { bodyOf, copyOf, firstBytes, unwrapped } from './payload.js'
import { OF_THE_BODY, rangeOf, ttlSeconds } from './serve.js'
import { hasConditions, StoredResponse } from './stored-response.js'
import { givenTags, type GivenTags, groupTags } from './tags.js'
import { tee } from './tee.js'

/** Invalidations that are committed with their data, and that not every instance may have heard of: `createOutbox` of `@weir/outbox`. */
export interface PendingInvalidations {
  /**
   * Resolves when no instance uses its cache that does not know of every invalidation with one of these tags that was committed when
   * this was called. Bounded in time: answers wait for it.
   */
  settle (tags: readonly string[]): Promise<unknown>
}

export interface CaptureOptions {
  readonly cache: Cache<StoredResponse>
  readonly cacheName: string
  /** Whether responses have Cache-Groups. */
  readonly cacheGroups: boolean
  readonly maxBodyBytes: number
  readonly outbox: PendingInvalidations | undefined
  readonly internal: InternalFills
}

/**
 * Ends a fill with what the handler answered: stores it, or says why not. Resolves to the payload to send, which is another one where
 * a stream is read for the cache too, where a 304 confirmed what is stored, and where a stale response stands in for an error.
 */
export async function capture (
  request: FastifyRequest, reply: FastifyReply, payload: unknown, ongoing: OngoingFill, options: CaptureOptions
): Promise<unknown> {
  try {
    const sent = await new Capture(request, reply, ongoing, options).end(unwrapped(payload, reply))
    if (ongoing.purpose !== 'refill') return sent
    // Nobody is to read it, however large it is.
    discard(sent)
    reply.removeHeader('content-length')
    return ''
  } catch (error) {
    // A function of the route's that throws must not keep those who wait.
    ongoing.fill.fail()
    throw error
  }
}

/** What is to be stored. */
interface Made {
  readonly status: number
  readonly headers: StoredHeaders
  readonly policy: Policy
  readonly tags: readonly string[]
  readonly responseTime: number
}

type Decision = Storing | { readonly store: false, readonly reason: 'NEGATIVE' | 'UNSETTLED' | 'INVALID_TAG' }

/** In place of a body of which no more was read than may be stored. */
const TOO_LARGE = Symbol('too large')

class Capture {
  /** The status by which the handler has confirmed what is stored. */
  #validated: number | undefined

  constructor (
    readonly request: FastifyRequest, readonly reply: FastifyReply, readonly ongoing: OngoingFill, readonly options: CaptureOptions
  ) {}

  async end (payload: unknown): Promise<unknown> {
    const { request, reply, ongoing: { fill, stale, restore } } = this
    restore()
    this.#dropConnectionFields()
    const now = Date.now()
    const response = { status: reply.statusCode, headers: handlersHeaders(reply, this.ongoing.before) }
    const policy = stale?.value.policy(stale)
    const outcome = policy !== undefined
      ? outcomeOf(policy, response, now)
      : isServerFailure(response.status) ? 'failed' : 'replace'

    if (outcome === 'failed') {
      // An error that says by itself how long it is to be kept.
      if (stale === undefined && this.#decide(now).store) return this.#store(payload)
      fill.fail()
      const mayStandIn = stale !== undefined && policy !== undefined && servesStaleOnError(request, policy, now, this.#trust)
      if (mayStandIn && await fill.validStale() !== undefined) {
        discard(payload)
        return this.#serveStale(stale)
      }
      this.#status({ fwdStatus: response.status, detail: 'STATUS' })
      return payload
    }
    if (outcome === 'refetch') {
      discard(payload)
      return this.#refetch()
    }
    if (outcome === 'update' && stale !== undefined) {
      discard(payload)
      this.#validated = response.status
      this.#replaceReply(stale.value.status, updatedHeaders(stale.value.toHeaders(), response.headers))
      return this.#store(stale.value.body)
    }
    return this.#store(payload)
  }

  /** What the handler passed on of another connection's fields (RFC 9110, 7.6.1). */
  #dropConnectionFields (): void {
    const { reply, ongoing: { before } } = this
    if (!reply.hasHeader('connection')) return
    const headers = handlersHeaders(reply, before)
    const kept = endToEndHeaders(headers)
    for (const name of Object.keys(headers)) {
      if (kept[name] === undefined) reply.removeHeader(name)
    }
  }

  /** Stores the reply as it is by now, with this payload, if it may be stored. */
  async #store (payload: unknown): Promise<unknown> {
    const { reply, ongoing: { fill, route: { options } }, options: { maxBodyBytes } } = this
    const { tags, malformed } = this.#tags()
    if (tags.length > 0) reply.header('cache-groups', formatCacheGroups(tags))
    if (options.vary !== undefined) addVary(reply, options.vary)
    const settled = await this.#settle(tags)
    const responseTime = Date.now()
    const storing = this.#judge(responseTime, settled, malformed)
    this.#limitGroups(tags)
    const declared = Number(reply.getHeader('content-length') ?? 0)
    const whole = storing.store ? await this.#gathered(payload, declared) : payload
    const stream = whole instanceof Readable ? whole : undefined
    const body = stream === undefined && storing.store ? bodyOf(whole) : undefined
    const isTooLarge = whole === TOO_LARGE || (body?.length ?? declared) > maxBodyBytes
    if (!storing.store || isTooLarge) {
      await this.#abandon()
      this.#status({ detail: storing.store ? 'TOO_LARGE' : storing.reason })
      return whole === TOO_LARGE ? '' : whole
    }

    const { headers: { 'cache-status': _, date = '', ...headers }, policy } = storing
    // What has no Date gets that of its entry, whoever is answered with it, the first one too (RFC 9110, 6.6.1). A stream's header is sent
    // before there is an entry: its Date is kept with it.
    if (stream !== undefined && !reply.hasHeader('date')) reply.header('date', date)
    const made: Made = {
      status: reply.statusCode, headers: reply.hasHeader('date') ? { ...headers, date } : headers, policy, tags, responseTime
    }
    if (stream !== undefined) {
      // What becomes of it is known when its header is on its way already.
      this.#status({})
      return tee(stream, maxBodyBytes, declared, async (all, error) => {
        if (error !== undefined) fill.fail()
        else if (all === undefined) await this.#abandon()
        else if (declared > 0 && declared !== all.length) fill.abandon()
        else await this.#commit(made, copyOf(all))
      })
    }
    if (body === undefined) {
      fill.abandon()
      return whole
    }
    const { entry, result } = await this.#commit(made, body)
    if (!reply.hasHeader('date')) reply.header('date', new Date(entry.storedAt).toUTCString())
    this.#status(result === 'stored' ? { stored: true, ttl: ttlSeconds(entry.freshUntil, entry.storedAt) } : { detail: NOT_STORED[result] })
    return this.#asAsked(made, body, whole)
  }

  /** The response is not to be shared. What is stale would be served again although the answer has become another. */
  async #abandon (): Promise<void> {
    const { fill, beside } = this.ongoing
    fill.abandon()
    // An answer that is its client's alone says nothing of what others get.
    if (fill.stale !== undefined && !beside) await this.#drop()
  }

  /**
   * The whole of a stream where the client has asked for a part of it, or whether there is anything new, and where
   * there is no client: then no more of it is read than may be stored.
   */
  async #gathered (payload: unknown, declared: number): Promise<unknown> {
    const { request, ongoing: { purpose }, options: { maxBodyBytes } } = this
    if (!(payload instanceof Readable) || declared > maxBodyBytes) return payload
    if (purpose !== 'refill') return declared > 0 && hasConditions(request.headers) ? buffer(payload) : payload
    const body = await firstBytes(payload, maxBodyBytes)
    if (body === undefined) return TOO_LARGE
    if (declared > 0 && declared !== body.length) throw new Error('the response broke off')
    return body
  }

  /** The route's tags and those the handler named in Cache-Groups (RFC 9875, section 2). */
  #tags (): GivenTags {
    const { request, reply, ongoing: { route: { options: { tags: own = [] } } } } = this
    const { tags, malformed } = givenTags(typeof own === 'function' ? own(request, reply) : own)
    return { tags: [...new Set([...tags, ...groupTags(reply.getHeader('cache-groups'))])], malformed }
  }

  /** Leaves out what would be too long for the way to the client; it is stored all the same. */
  #limitGroups (tags: readonly string[]): void {
    const { reply, options: { cacheGroups } } = this
    if (!cacheGroups) reply.removeHeader('cache-groups')
    else if (String(reply.getHeader('cache-groups') ?? '').length > MOST_GROUP_BYTES) shortenGroups(reply, tags)
  }

  /** The answer goes out in any case: it is the right one. */
  async #drop (): Promise<void> {
    const { request, ongoing: { fill }, options: { cache } } = this
    try {
      await cache.delete(fill.key, { consistency: 'bounded' })
    } catch (error) {
      request.log.warn({ err: error, key: fill.key }, 'a response that has become another one could not be dropped')
    }
  }

  /** Whether the reply may be stored, as far as it says itself and as far as others know. */
  #judge (responseTime: number, settled: boolean, malformed: unknown): Decision {
    const { request, ongoing: { route, fill, target } } = this
    if (malformed !== undefined) {
      route.complain(request, 'tags', { given: shown(malformed) })
      return { store: false, reason: 'INVALID_TAG' }
    }
    if (!settled) return { store: false, reason: 'UNSETTLED' }
    const storing = this.#decide(responseTime)
    if (request.headers.authorization !== undefined && (storing.store || storing.reason === 'AUTHORIZATION')) {
      route.authorized.note(target.variant?.of ?? fill.key, storing.store)
    }
    return storing
  }

  /** Whether and how the reply may be stored. */
  #decide (responseTime: number): Decision {
    const { request, reply, ongoing: { route: { options }, before, requestTime } } = this
    const status = reply.statusCode
    const negative = NEGATIVE.has(status) && options.ttl !== undefined
    if (negative && options.negative === undefined) return { store: false, reason: 'NEGATIVE' }
    // A ttl is for what the route has to say, not for its saying that it cannot.
    if (status >= 500 && options.ttl !== undefined) return { store: false, reason: 'STATUS' }
    const response = { status, headers: handlersHeaders(reply, before) }
    return decideStoring(
      { method: 'GET', headers: request.headers },
      response,
      // What has no Date and no Age was made here, just now; only what came from elsewhere may have aged on its way.
      { requestTime: reply.hasHeader('date') || reply.hasHeader('age') ? requestTime : responseTime, responseTime },
      { ...this.#trust, ...storingOptions(negative ? { ttl: options.negative, staleWhileRevalidate: 0, staleIfError: 0 } : options) }
    )
  }

  /** Under the fill's own key, or, if the response differs by headers that are not in it, under a variant's. */
  async #commit (made: Made, body: Buffer): Promise<{ entry: Entry<StoredResponse>, result: StoreResult }> {
    const { request, ongoing: { fill, target, before } } = this
    const { policy, responseTime, tags } = made
    const response = StoredResponse.of(made.status, made.headers, body, policy, Date.now())
    const { uri } = target.key
    const entryOptions = (key: string): EntryOptions => ({
      ...lifetime(policy, responseTime),
      // A write to the URI ends all of its variants (RFC 9111, 4.4); an entry that is the only one ends with its key.
      tags: uri === key ? tags : [...tags, keyTag(uri)]
    })
    const keyed = [...target.names, ...listOf(before['vary'])]
    const names = policy.vary.filter((name) => !keyed.includes(name))
    if (names.length === 0) return fill.commit(response, () => entryOptions(fill.key))

    const all = [...new Set([...target.variant?.names ?? [], ...names])].sort()
    const primary = { uri, key: target.variant?.of ?? fill.key }
    const variant = variantKeyOf(primary, all, request)
    const stored = await fill.storeVariant(variant.key, response, entryOptions(variant.key))
    const marker = StoredResponse.variants(all)
    const markerOptions = { ttl: VARIANTS_KEPT, tags: uri === primary.key ? [] : [keyTag(uri)] }
    if (primary.key === fill.key) await fill.commit(marker, () => markerOptions)
    else {
      await fill.storeVariant(primary.key, marker, markerOptions)
      fill.abandon()
    }
    return stored
  }

  /** What the client has asked for of it. Other conditions than a cache's are for the hooks that follow. */
  #asAsked ({ status, policy }: Made, body: Buffer, whole: unknown): unknown {
    const { request, reply } = this
    if (request.method !== 'GET' || !hasConditions(request.headers)) return whole
    const answer = answerFromStored(request, { status, policy, length: body.length }, Date.now())
    if (answer === 'whole') return whole
    reply.removeHeader('content-length')
    if (answer !== 'not-modified') return rangeOf(reply, body, answer)
    reply.code(304)
    for (const name of OF_THE_BODY) reply.removeHeader(name)
    return ''
  }

  /** A 304 about another response than the stored one: it is fetched again, without conditions (RFC 9111, 4.3.3). */
  async #refetch (): Promise<Buffer> {
    const { request, ongoing: { fill, target }, options: { internal } } = this
    request.cacheResult ??= { outcome: 'miss', cost: 0 }
    const { answer, body } = await internal.refetch(request, fill, target)
    const headers = Object.fromEntries(Object.entries(answer.headers).filter(([name]) => !OF_A_CONNECTION.has(name)))
    this.#replaceReply(answer.statusCode, headers as StoredHeaders)
    return body
  }

  #serveStale (stale: Entry<StoredResponse>): Buffer {
    const { request, reply, ongoing: { fwd } } = this
    const failed = reply.statusCode
    const { status, body } = stale.value
    const now = Date.now()
    this.#replaceReply(status, stale.value.toHeaders())
    reply.header('age', String(Math.max(0, Math.floor((now - stale.value.bornAt(stale)) / 1000))))
    request.cacheResult ??= { outcome: 'stale', filledBy: stale.filledBy, cost: stale.cost }
    this.#status({ fwd, fwdStatus: failed, ttl: ttlSeconds(stale.freshUntil, now), detail: 'STALE_IF_ERROR' })
    return body
  }

  /** What the handler has said, in favour of another response. */
  #replaceReply (status: number, headers: StoredHeaders): void {
    const { reply, ongoing: { before } } = this
    for (const name of Object.keys(handlersHeaders(reply, before))) reply.removeHeader(name)
    reply.removeHeader('content-length')
    reply.code(status)
    writeHeaders(reply, Object.entries(headers).flat())
  }

  async #settle (tags: readonly string[]): Promise<boolean> {
    const { request, ongoing: { fill, target }, options: { outbox } } = this
    if (outbox === undefined) return true
    try {
      // What the handler has read may be newer than what other instances still serve: nobody sees it before they are done with that.
      await outbox.settle([...tags, ...new Set([keyTag(target.key.uri), keyTag(fill.key)])])
      return true
    } catch (error) {
      // The answer itself is right. Only, somebody who sees it may then see an older one from another instance.
      request.log.warn({ err: error, tags }, 'the outbox could not say what is pending: the response is served and not stored')
      return false
    }
  }

  #status (status: CacheStatus): void {
    const { request, reply, ongoing: { fwd }, options: { cacheName } } = this
    const { detail: reason } = status
    // Not of a refill, which is no client's request.
    request.cacheResult ??= { outcome: reason === undefined || WANTED.has(reason) ? 'miss' : 'bypass', reason, cost: 0 }
    const forwarded = this.#validated === undefined ? { fwd } : { fwd, fwdStatus: this.#validated }
    reply.header('cache-status', appendCacheStatus(reply.getHeader('cache-status'), formatCacheStatus(cacheName, { ...forwarded, ...status })))
  }

  get #trust (): { requestDirectives: boolean } {
    return { requestDirectives: this.ongoing.route.options.requestDirectives !== false }
  }
}

const NEGATIVE = new Set([404, 410])
const NOT_STORED: Record<Exclude<StoreResult, 'stored'>, string> = { invalid: 'INVALIDATED', failed: 'STORE_FAILED', transient: 'NO_TTL' }
// What would have been stored, had all gone well.
const WANTED: ReadonlySet<string> = new Set(['INVALIDATED', 'STORE_FAILED', 'UNSETTLED'])
const OF_A_CONNECTION = new Set(['connection', 'keep-alive', 'transfer-encoding', 'content-length'])
// Milliseconds: a day.
const VARIANTS_KEPT = 86_400_000
