import { fieldValue, responseDirectives, varyNames } from '@weir/http'
import { collectionsOf, RouteSample, type ShadowFinding } from '@weir/metrics'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Budget } from './budget.js'
import { type Observed, observeResponse } from './observed-response.js'
import { comparable, isRefusal, isStored } from './refusal.js'
import { keyHash, type RequestFacts, urlHash } from './request-facts.js'
import type { Writes } from './writes.js'

/** Parts that all routes of an application share. */
export interface Watching {
  readonly facts: RequestFacts
  readonly writes: Writes
  readonly budget: Budget
  /** Clock, ms since 1970; it never goes back. */
  readonly now: () => number
  /** Returns the number of URLs that a route may keep. */
  readonly mostKeys: () => number
}

// Bytes of a body beyond which it is not hashed: the response cache does not store larger ones.
const MOST_BYTES = 1024 * 1024
const NOT_MODIFIED = 304
// Latest responses of a route, and those of them that are awaited at most.
const LATEST = 16
const MOST_AWAITED = 16
// Time that observing a response takes besides what is measured: garbage, and slower calls of Node.
const UNSEEN_MS = 0.03

/** The request of a response. */
interface Came {
  readonly hash: number
  /** Number of requests of the route with it. */
  readonly from: number
  /** Time before it, ms. */
  readonly at: number
}

/** A GET route without caching, and what was observed about it. */
export class WatchedRoute {
  readonly #collections: readonly string[]
  #sample: RouteSample | undefined
  /** Latest responses, whose status is looked at later: an event for each would cost more. */
  readonly #latest: (FastifyReply | undefined)[] =
    new Array<undefined>(LATEST).fill(undefined)

  /** Hashes of their URLs, and times before them. */
  readonly #hashes = new Uint32Array(LATEST)
  readonly #times = new Float64Array(LATEST)
  /** Latest Cache-Control that was read: most responses of a route have the same. */
  #cacheControl: unknown

  /** Listeners for the end of responses that take long. */
  #awaited = 0

  constructor (readonly path: string, readonly watching: Watching) {
    this.#collections = collectionsOf(path)
    watching.budget.add(this)
  }

  /** Takes a request into account whose handler is about to run. Most requests end here soon. */
  request (request: FastifyRequest, reply: FastifyReply): void {
    const sample = this.#sample ??= this.#begin()
    sample.requests++
    const place = sample.requests % LATEST
    const before = this.#latest[place]
    if (before !== undefined) this.#look(sample, before, sample.requests - LATEST)
    const hash = urlHash(request.raw.url ?? '')
    this.#latest[place] = reply
    this.#hashes[place] = hash
    this.#times[place] = sample.latestAt
    if (sample.skips(hash)) return
    const { now, budget } = this.watching
    const start = now()
    this.#sampled(sample, hash, start, request, reply)
    budget.looked(now() - start)
  }

  #begin (): RouteSample {
    const { now, mostKeys, budget } = this.watching
    return new RouteSample(`GET ${this.path}`, now(), mostKeys(), () => budget.perSecond())
  }

  /** Returns what was observed; undefined before the first request. */
  finding (now: number): ShadowFinding | undefined {
    const sample = this.#sample
    if (sample === undefined) return undefined
    // Oldest first.
    for (let from = sample.requests - LATEST + 1; from <= sample.requests; from++) {
      const reply = this.#latest[from % LATEST]
      if (reply !== undefined) this.#look(sample, reply, from)
    }
    this.#latest.fill(undefined)
    return sample.finding(now)
  }

  /** Looks at a response whose request came about 16 requests ago, and which most often ended. */
  #look (sample: RouteSample, reply: FastifyReply, from: number): void {
    const { raw } = reply
    const hash = this.#hashes[from % LATEST] ?? 0
    if (raw.writableEnded && raw.statusCode === 200 && !sample.hasStatuses(hash)) {
      this.#readFields(sample, reply)
      return
    }
    const at = this.#times[from % LATEST] ?? 0
    const count = () => { this.#count(sample, reply, { hash, from, at }) }
    if (raw.writableEnded) count()
    else if (!raw.destroyed && this.#awaited < MOST_AWAITED) this.#await(reply, count)
  }

  #await ({ raw }: FastifyReply, count: () => void): void {
    const over = () => {
      raw.off('finish', over).off('close', over)
      this.#awaited--
      if (raw.writableEnded) count()
    }
    raw.on('finish', over).on('close', over)
    this.#awaited++
  }

  #count (sample: RouteSample, reply: FastifyReply, came: Came): void {
    const { raw: { statusCode }, request } = reply
    const location = () => fieldValue(reply.getHeaders()['location'])
    if (statusCode >= 300 && isRefusal(statusCode, location)) sample.refused++
    if (!isStored(statusCode) && comparable(statusCode) === undefined) return
    try {
      if (isStored(statusCode)) this.#readFields(sample, reply)
      this.#answered(sample, request, statusCode, came)
    } catch (error) {
      // A function of the application, such as trustProxy, may fail.
      request.log.debug({ err: error }, 'shadow mode could not observe a status')
    }
  }

  #answered (
    sample: RouteSample, request: FastifyRequest, statusCode: number, { hash, from, at }: Came
  ): void {
    const { facts, writes } = this.watching
    const isUser = facts.carriedBy(request, sample.declaredVary).length > 0 ||
      facts.isOfUser(request)
    if (isUser && !sample.isDeclared) return
    const status = isStored(statusCode) ? 0 : statusCode
    sample.answered(
      keyHash(hash, request),
      hash,
      { status, from, to: sample.requests, at },
      sample.varies ? facts.headersOf(request, sample.headers) : NONE,
      (since) => writes.since(since, this.#collections, request.params)
    )
  }

  /** Reads what no response may have, also of responses whose body is not hashed. */
  #readFields (sample: RouteSample, reply: FastifyReply): void {
    if (reply.hasHeader('set-cookie')) sample.sees('setCookie')
    const value = reply.getHeader('cache-control')
    if (value === undefined || value === this.#cacheControl) return
    this.#cacheControl = value
    const { directives } = responseDirectives({ 'cache-control': String(value) })
    if (directives.has('private')) sample.sees('private')
    if (directives.has('no-store')) sample.sees('noStore')
  }

  #sampled (
    sample: RouteSample,
    hash: number,
    start: number,
    request: FastifyRequest,
    reply: FastifyReply
  ): void {
    const { facts, writes, budget, now } = this.watching
    const carried = facts.carriedBy(request, sample.declaredVary)
    const isUser = carried.length > 0 || facts.isOfUser(request)
    const key = sample.find(keyHash(hash, request), hash, start, isUser, carried)
    if (key === undefined) return
    const unprobed = () => {
      const headers = sample.varies ? facts.headersOf(request, sample.headers) : NONE
      sample.unprobed(key, start, isUser, headers)
    }
    if (!sample.mayProbe(key, start) || !budget.has(this, start)) return unprobed()
    const headers = facts.headersOf(request, sample.headers)
    const known = facts.userOf(request, NO_NAMES)
    const { params } = request
    const spent = (ms: number) => { budget.spend(this, ms) }
    const done = ({ head, body, bytes }: Observed) => {
      if (head.status === NOT_MODIFIED) return unprobed()
      const names = varyNames(head.fields['vary'])
      const own = carried.filter((name) => names === '*' || !names.includes(name))
      const user = own.length === 0 ? known : facts.userOf(request, own)
      const { signs, vary } = facts.signsOf(head, user !== 0, body === undefined)
      const compared = signs.has('status') ? comparable(head.status) : body
      sample.probed(
        key,
        { start, end: now(), body: compared, bytes, user, headers, signs, vary },
        (from) => writes.since(from, this.#collections, params)
      )
    }
    observeResponse(reply.raw, { limit: MOST_BYTES, done, spent })
    spent(now() - start + UNSEEN_MS)
  }
}

const NONE: readonly number[] = []
const NO_NAMES: readonly string[] = []
