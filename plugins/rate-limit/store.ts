import type { FastifyRateLimitStore, FastifyRateLimitStoreCtor } from '@fastify/rate-limit'
import type { Decision } from '@weir/limiter'
import type { FastifyRequest } from 'fastify'
import { WEIR_ERR_PLUGIN_OPTION } from '../errors.js'
import type { Judge } from './enforce.js'
import type { RouteLimit } from './limits.js'

/**
 * Excess over the limit at which @fastify/rate-limit considers a request banned: its option `ban`.
 */
export const BAN = 1

/**
 * Adapter between `createRateLimit()` of @fastify/rate-limit and a limiter. Stores of the former
 * get a key and numbers, never the request, and answer with numbers. Here a key is therefore an id
 * of the request, and everything else stays with the request.
 */
export class RateLimitAdapter {
  /** Requests between the key generator and the store, which directly follow each other. */
  readonly #requests = new Map<string | number, FastifyRequest>()
  #last = 0
  /** True while a route with a limit is being declared. */
  isDeclaring = false

  constructor (readonly judge: Judge) {}

  readonly keyGenerator = (request: FastifyRequest): number => {
    this.#requests.set(++this.#last, request)
    return this.#last
  }

  /**
   * @param requestId value returned by `keyGenerator`; only the types of @fastify/rate-limit make
   *   it a string
   */
  redeem (requestId: string | number): FastifyRequest {
    const request = this.#requests.get(requestId)
    if (request === undefined) throw new Error(`no request has the id ${requestId}`)
    this.#requests.delete(requestId)
    return request
  }

  /**
   * Returns the class for the option `store`, of which one instance is created.
   * @param limit limit to apply; without one nothing is limited
   */
  storeClass (limit: RouteLimit | undefined): FastifyRateLimitStoreCtor {
    return LimiterStore.bind(null, this, limit)
  }
}

type Done = Parameters<FastifyRateLimitStore['incr']>[1]

class LimiterStore implements FastifyRateLimitStore {
  constructor (readonly adapter: RateLimitAdapter, readonly limit: RouteLimit | undefined) {}

  incr (requestId: string, done: Done, _window: number, max: number): void {
    this.#answer('take', requestId, done, max)
  }

  /** Called by `createRateLimit()` for a lookup without counting. */
  read (requestId: string, done: Done, _window: number, max: number): void {
    this.#answer('peek', requestId, done, max)
  }

  /** Created for each route, and not used there. */
  child (): LimiterStore {
    if (!this.adapter.isDeclaring) throw optionsElsewhere()
    return this
  }

  #answer (operation: 'take' | 'peek', requestId: string, done: Done, max: number): void {
    const request = this.adapter.redeem(requestId)
    if (this.limit === undefined) throw optionsElsewhere()
    this.#ask(operation, request, this.limit, max).then((used) => { done(null, used) }, done)
  }

  async #ask (operation: 'take' | 'peek', request: FastifyRequest, limit: RouteLimit, max: number) {
    const { judge } = this.adapter
    const judgement = await judge.judge(operation, request, limit)
    if (judgement === 'unlimited') return { current: 0, ttl: 0 }
    if (judgement === 'banned') return { current: max + 1 + BAN, ttl: 0 }
    request.rateLimit = judgement
    judge.note(judgement)
    return usedBy(judgement, max)
  }
}

/**
 * Converts a decision to a number of requests, of which `max` are allowed, and the milliseconds
 * until it is 0, or until the next one is allowed. Negative if more than `max` are left.
 */
function usedBy (
  { allowed, policies, retryAfterMs }: Decision,
  max: number
): { current: number; ttl: number } {
  if (!allowed) return { current: max + 1, ttl: retryAfterMs }
  if (policies.length === 0) return { current: 0, ttl: 0 }
  let [left, ttl] = [Infinity, 0]
  for (const { remaining, resetMs } of policies) {
    left = Math.min(left, remaining)
    ttl = Math.max(ttl, resetMs)
  }
  return { current: max - left, ttl }
}

/** Error for a limit that is given where none is accepted. */
export const optionsElsewhere = () =>
  new WEIR_ERR_PLUGIN_OPTION(
    'weir-rate-limit',
    'limit',
    'must be given to the plugin for app.rateLimit() and app.createRateLimit(), which accept no ' +
    'limit themselves: declare it in config.rateLimit of the route'
  )
