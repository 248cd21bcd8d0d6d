import { type AcquireOptions, type Cache, type Entry, Fill, type Hit } from '@weir/cache'
import { answerFromStored, decideReuse, parseCacheControl } from '@weir/http'
import type { FastifyRequest } from 'fastify'
import { WEIR_ERR_ONLY_IF_CACHED } from '../errors.js'
import { type ResponseKey, ruledKey, variantKeyOf } from './key.js'
import type { CachedRoute, Forward } from './ongoing-fill.js'
import { RecentKeys } from '@weir/internal'
import { answerTo } from './serve.js'
import type { StoredResponse } from './stored-response.js'
import type { Target } from './target.js'

/** Result of a lookup: a response to send, the duty to compute one, or a bypass with its reason. */
export type Found =
  | { readonly kind: 'hit'; readonly hit: Hit<StoredResponse>; readonly refresh: boolean }
  | {
    readonly kind: 'fill'
    readonly fill: Fill<StoredResponse>
    readonly fwd?: Forward
    readonly purpose?: 'head' | 'refetch'
  }
  | Pass

export interface Pass {
  readonly kind: 'pass'
  readonly fwd: Forward
  readonly detail?: string
  /** Stored response to which a HEAD refers. */
  readonly kept?: Entry<StoredResponse> | undefined
}

/** Conditions of a lookup. */
export interface Asking {
  /** Whether the request's Cache-Control or Pragma applies. */
  readonly asks: boolean
  /** Credentials of the request; none if the route's responses are public. */
  readonly credentials: readonly string[]
  readonly acquire: AcquireOptions & { readonly beside: boolean }
  /**
   * True if the request has followed No-Vary-Search rules in a circle: the other rule is out of
   * date.
   */
  readonly isLost?: boolean
}

// Maximum number of rules that a request follows before the handler runs: more than change at a
// time.
const MOST_MOVES = 3

// Milliseconds: minimum time between two renewals of a response by clients, on the application's
// own routes.
const RENEWAL = 1000

export interface FinderOptions {
  readonly cache: Cache<StoredResponse>
  readonly route: CachedRoute
  readonly credentialsOf: (request: FastifyRequest) => readonly string[]
}

export const bypass = (detail: string): Pass => ({ kind: 'pass', fwd: 'bypass', detail })

/** Finds the response for requests of one route. */
export class Finder {
  readonly options: FinderOptions
  /** Times of the last renewal by a client, in milliseconds. */
  readonly #renewals = new RecentKeys<number>()

  constructor (options: FinderOptions) {
    this.options = options
  }

  /**
   * Finds the response for the request; if the path's responses have No-Vary-Search, for the query
   * as normalized by it.
   */
  async find (
    request: FastifyRequest,
    { exact, vary }: { exact: ResponseKey; vary: readonly string[] },
    asking: Asking
  ): Promise<{ found: Found; target: Target }> {
    // Each awaited promise costs a hit from the store a microsecond.
    const looked = this.options.route.rules.look(exact)
    let key = ruledKey(exact, looked instanceof Promise ? await looked : looked)
    for (let moves = 0; ; moves++) {
      const resolved = await this.#resolveVariant(
        request,
        { key, vary },
        { ...asking, isLost: moves >= MOST_MOVES }
      )
      const ruledBy =
        resolved.found.kind === 'hit' ? resolved.found.hit.entry.value.ruledBy : undefined
      if (ruledBy === undefined) return resolved
      key = ruledKey(exact, ruledBy.rule)
    }
  }

  /**
   * Finds the response under the key; if there are several, the request's variant (RFC 9111,
   * section 4.1).
   */
  async #resolveVariant (
    request: FastifyRequest,
    { key, vary }: { key: ResponseKey; vary: readonly string[] },
    asking: Asking
  ): Promise<{ found: Found; target: Target }> {
    const found = await this.#look(request, key, asking)
    const names = found.kind === 'hit' ? found.hit.entry.value.variesBy : undefined
    if (names === undefined) {
      const completed = this.#completed(request, key, found, asking)
      return {
        found: completed instanceof Promise ? await completed : completed,
        target: { key, names: vary }
      }
    }
    const target = {
      key: variantKeyOf(key, names, request),
      names: [...vary, ...names],
      variant: { names, of: key.key }
    }
    return {
      found: await this.#completed(
        request,
        target.key,
        await this.#look(request, target.key, asking),
        asking
      ),
      target
    }
  }

  /**
   * Returns the finding, except in two cases: stored parts lack requested bytes, which are to be
   * fetched; or the handler answers a HEAD, which may renew the stored response.
   */
  #completed (
    request: FastifyRequest,
    key: ResponseKey,
    found: Found,
    asking: Asking
  ): Found | Promise<Found> {
    if (found.kind === 'pass') {
      return found.kept?.value.isWhole === true
        ? this.#forwardedHead(request, key.key, found)
        : found
    }
    return found.kind === 'hit' && isLacking(request, found.hit)
      ? this.#completion(request, key, found, asking)
      : found
  }

  async #completion (
    request: FastifyRequest,
    { key }: ResponseKey,
    found: Found & { kind: 'hit' },
    { asks, credentials, acquire }: Asking
  ): Promise<Found> {
    // The response will not be served, so there is nothing to complete.
    if (!found.hit.entry.value.isPublic && credentials.length > 0) return found
    const directives = asks ? parseCacheControl(request.headers['cache-control']) : undefined
    if (directives?.has('only-if-cached') === true) throw new WEIR_ERR_ONLY_IF_CACHED()
    if (directives?.has('no-store') === true) {
      return { kind: 'pass', fwd: 'partial', detail: 'REQUEST_NO_STORE' }
    }
    if (request.method === 'HEAD') return { kind: 'pass', fwd: 'partial' }
    // Other requests have no use for the bytes of one client's range.
    const { value } = found.hit.entry
    const all = {
      status: 200,
      policy: value.policy(found.hit.entry),
      length: value.parts?.length ?? 0
    }
    const wantsAll = answerFromStored(request, all, Date.now()) === 'whole'
    for (const beside of wantsAll ? [acquire.beside, true] : [true]) {
      const outcome = await this.options.cache.acquire(key, { ...acquire, beside, renew: true })
      if (outcome instanceof Fill) return { kind: 'fill', fill: outcome, fwd: 'partial' }
      if (!outcome.entry.value.isSignpost && !isLacking(request, outcome)) {
        return { kind: 'hit', hit: outcome, refresh: false }
      }
    }
    return bypass('PARTIAL')
  }

  /**
   * The fill begins before the request does, so that an invalidation meanwhile counts (RFC 9111,
   * 4.3.5).
   */
  async #forwardedHead (request: FastifyRequest, key: string, found: Pass): Promise<Found> {
    if (found.fwd === 'method' || this.options.credentialsOf(request).length > 0) return found
    const outcome = await this.options.cache.acquire(key, { beside: true, renew: true })
    return outcome instanceof Fill
      ? { kind: 'fill', fill: outcome, fwd: found.fwd, purpose: 'head' }
      : found
  }

  #look (request: FastifyRequest, key: ResponseKey, asking: Asking): Promise<Found> {
    if (asking.acquire.renew === true) return this.#findAnew(key, asking)
    return asking.asks
      ? this.#findAsAsked(request, key, asking)
      : this.#findAny(request, key, asking)
  }

  /**
   * Returns the duty to compute the response anew, or a response that another request has computed
   * since this one arrived.
   */
  async #findAnew ({ key }: ResponseKey, { acquire, isLost }: Asking): Promise<Found> {
    const kept = await this.options.cache.find(key, { accept: 'retained' })
    if (kept?.entry.value.isSignpost === true && isLost !== true) {
      return { kind: 'hit', hit: kept, refresh: false }
    }
    const outcome = await this.options.cache.acquire(key, acquire)
    return outcome instanceof Fill
      ? { kind: 'fill', fill: outcome, fwd: 'request', purpose: 'refetch' }
      : { kind: 'hit', hit: outcome, refresh: false }
  }

  async #findAny (
    request: FastifyRequest,
    { key }: ResponseKey,
    { acquire, isLost }: Asking
  ): Promise<Found> {
    // HEAD is answered from stored GET responses; it computes nothing that could be stored (RFC
    // 9110, 9.3.2).
    const isHead = request.method === 'HEAD'
    let outcome = await (isHead
      ? this.options.cache.find(key, this.options.route.options)
      : this.options.cache.acquire(key, acquire))
    if (
      isLost === true &&
      outcome !== undefined &&
      !(outcome instanceof Fill) &&
      outcome.entry.value.ruledBy !== undefined
    ) {
      outcome = isHead
        ? undefined
        : await this.options.cache.acquire(key, { ...acquire, renew: true })
    }
    if (outcome instanceof Fill) return { kind: 'fill', fill: outcome }
    if (outcome !== undefined) return { kind: 'hit', hit: outcome, refresh: outcome.stale }
    const kept = await this.options.cache.find(key, { accept: 'retained' })
    return { kind: 'pass', fwd: kept === undefined ? 'uri-miss' : 'stale', kept: kept?.entry }
  }

  /** Like `findAny`, for a request with cache directives (RFC 9111, section 5.2.1). */
  async #findAsAsked (
    request: FastifyRequest,
    key: ResponseKey,
    { acquire, isLost }: Asking
  ): Promise<Found> {
    const found = await this.options.cache.find(key.key, { accept: 'retained' })
    const kept = isLost === true && found?.entry.value.ruledBy !== undefined ? undefined : found
    if (kept?.entry.value.isSignpost === true) return { kind: 'hit', hit: kept, refresh: false }
    const now = Date.now()
    const reuse = decideReuse(request, kept?.entry.value.policy(kept.entry), now)
    if (reuse.action === 'timeout') throw new WEIR_ERR_ONLY_IF_CACHED()
    if (reuse.action === 'serve' && kept !== undefined) {
      return { kind: 'hit', hit: kept, refresh: reuse.refresh }
    }
    const fwd = reuse.action === 'forward' && reuse.fwd !== 'method' ? reuse.fwd : 'uri-miss'
    // Responses that may not be stored cannot be shared, so this is not a fill (5.2.1.5).
    if (parseCacheControl(request.headers['cache-control']).has('no-store')) {
      return { kind: 'pass', fwd, detail: 'REQUEST_NO_STORE' }
    }
    const isOwn = this.options.route.options.ttl !== undefined
    const isAsked = reuse.reason.startsWith('REQUEST_')
    const lastRenewal = Math.max(kept?.entry.storedAt ?? 0, this.#renewals.get(key.key) ?? 0)
    if (isOwn && isAsked && kept !== undefined && !kept.stale && now - lastRenewal < RENEWAL) {
      return { kind: 'hit', hit: kept, refresh: false }
    }
    if (isAsked) this.#renewals.set(key.key, now)
    if (request.method === 'HEAD') return { kind: 'pass', fwd, kept: kept?.entry }
    // Responses that other instances have stored meanwhile are unusable, too, if the client wants a
    // newer one.
    const outcome = await this.options.cache.acquire(key.key, {
      ...acquire,
      renew: fwd === 'request' || isAsked
    })
    return outcome instanceof Fill
      ? { kind: 'fill', fill: outcome, fwd }
      : { kind: 'hit', hit: outcome, refresh: false }
  }
}

/** Returns whether the hit consists of parts that do not cover the requested bytes. */
const isLacking = (request: FastifyRequest, { entry }: Hit<StoredResponse>): boolean =>
  entry.value.parts !== undefined && answerTo(request, entry, Date.now()) === undefined
