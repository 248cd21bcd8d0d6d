import { collectionsOf, RouteSample } from '@weir/metrics'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Budget } from './budget.js'
import { type Observed, observeResponse } from './observed-response.js'
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
// Time that observing a response takes besides what is measured: garbage, and slower calls of Node.
const UNSEEN_MS = 0.03

/** A GET route without caching, and what was observed about it. */
export class WatchedRoute {
  readonly #collections: readonly string[]
  #sample: RouteSample | undefined

  constructor (readonly path: string, readonly watching: Watching) {
    this.#collections = collectionsOf(path)
  }

  get sample (): RouteSample | undefined {
    return this.#sample
  }

  /** Takes a request into account whose handler is about to run. Most requests end here soon. */
  request (request: FastifyRequest, reply: FastifyReply): void {
    const { now, mostKeys } = this.watching
    const sample = this.#sample ??= new RouteSample(`GET ${this.path}`, now(), mostKeys())
    sample.requests++
    const hash = urlHash(request.url)
    if (sample.has(hash)) this.#sampled(sample, hash, request, reply)
  }

  #sampled (
    sample: RouteSample,
    hash: number,
    request: FastifyRequest,
    reply: FastifyReply
  ): void {
    const { facts, writes, budget, now } = this.watching
    const start = now()
    const key = sample.find(keyHash(hash, request), hash, start)
    if (key === undefined) return
    if (!facts.isOfUser(request) && sample.repeats(key, start)) return
    const unprobed = () => {
      const headers = sample.varies ? facts.headersOf(request, sample.headers) : NONE
      sample.unprobed(key, start, facts.isOfUser(request), headers)
    }
    if (!sample.mayProbe(key, start) || !budget.has(start)) return unprobed()
    const [user, headers] = [facts.userOf(request), facts.headersOf(request, sample.headers)]
    const { params } = request
    const spent = (ms: number) => { budget.spend(ms) }
    const done = ({ head, body, bytes }: Observed) => {
      if (head.status === NOT_MODIFIED) return unprobed()
      const { signs, vary } = facts.signsOf(head, user !== 0, body === undefined)
      const known = signs.has('status') ? undefined : body
      sample.probed(
        key,
        { start, end: now(), body: known, bytes, user, headers, signs, vary },
        (from) => writes.since(from, this.#collections, params)
      )
    }
    observeResponse(reply.raw, { limit: MOST_BYTES, done, spent })
    spent(now() - start + UNSEEN_MS)
  }
}

const NONE: readonly number[] = []
