import type { FastifyRateLimitStore, FastifyRateLimitStoreCtor } from '@fastify/rate-limit'
import type { Decision } from '@weir/limiter'
import type { FastifyRequest } from 'fastify'
import { WEIR_ERR_PLUGIN_OPTION } from '../errors.js'
import type { RouteLimit } from './limits.js'

/** What a limiter is for a request: its decision, or, without one, that the request is not limited, or not let in at all. */
interface Judge {
  judge (operation: 'consume' | 'peek', request: FastifyRequest, limit: RouteLimit): Promise<Decision> | 'unlimited' | 'banned'
  /** Hears of each decision. */
  note (decision: Decision): void
}

/** By how much more than the limit @fastify/rate-limit takes a request to be banned: its option `ban`. */
export const BAN = 1

/**
 * Between @fastify/rate-limit and a limiter. A store of it is given a key and numbers, never the request, and answers with numbers. So
 * here a key is a ticket for the request, and what is more than numbers stays with the request.
 */
export class Bridge {
  /** Between the key generator and the store, one of which follows upon the other. */
  readonly #tickets = new Map<string | number, FastifyRequest>()
  #last = 0
  /** Of the route that is being declared: what `child` makes a store of. */
  declared: RouteLimit | undefined

  constructor (readonly limiter: Judge) {}

  readonly keyGenerator = (request: FastifyRequest): number => {
    this.#tickets.set(++this.#last, request)
    return this.#last
  }

  /** @param ticket what `keyGenerator` has returned; only the types of @fastify/rate-limit make it a string on the way */
  redeem (ticket: string | number): FastifyRequest {
    const request = this.#tickets.get(ticket)
    if (request === undefined) throw new Error(`no request has the ticket ${ticket}`)
    this.#tickets.delete(ticket)
    return request
  }

  /**
   * The option `store`: a class, of which one is made for what has no limit of its own, and a child of that for each route that has.
   * @param fallback the limit of the former; without it they have none
   */
  storeClass (fallback: RouteLimit | undefined): FastifyRateLimitStoreCtor {
    return LimiterStore.bind(null, this, fallback)
  }
}

type Done = Parameters<FastifyRateLimitStore['incr']>[1]

class LimiterStore implements FastifyRateLimitStore {
  constructor (readonly bridge: Bridge, readonly limit: RouteLimit | undefined) {}

  incr (ticket: string, done: Done, _window: number, max: number): void {
    this.#answer('consume', ticket, done, max)
  }

  /** What `createRateLimit()` asks where it is told not to count. */
  read (ticket: string, done: Done, _window: number, max: number): void {
    this.#answer('peek', ticket, done, max)
  }

  child (): LimiterStore {
    if (this.bridge.declared === undefined) throw optionsElsewhere()
    return new LimiterStore(this.bridge, this.bridge.declared)
  }

  #answer (operation: 'consume' | 'peek', ticket: string, done: Done, max: number): void {
    const request = this.bridge.redeem(ticket)
    if (this.limit === undefined) throw optionsElsewhere()
    const { limiter } = this.bridge
    const outcome = limiter.judge(operation, request, this.limit)
    if (outcome === 'unlimited') done(null, { current: 0, ttl: 0 })
    else if (outcome === 'banned') done(null, { current: max + 1 + BAN, ttl: 0 })
    else {
      outcome.then((decision) => {
        request.rateLimit = decision
        limiter.note(decision)
        done(null, usedBy(decision, max))
      }).catch(done)
    }
  }
}

/**
 * A decision as a number of requests, of which `max` are allowed, and the milliseconds until it is 0, or until the next is allowed. Below 0
 * where more than `max` are left.
 */
function usedBy ({ allowed, policies, retryAfterMs }: Decision, max: number): { current: number, ttl: number } {
  if (!allowed) return { current: max + 1, ttl: retryAfterMs }
  if (policies.length === 0) return { current: 0, ttl: 0 }
  let [left, ttl] = [Infinity, 0]
  for (const { remaining, resetMs } of policies) {
    left = Math.min(left, remaining)
    ttl = Math.max(ttl, resetMs)
  }
  return { current: max - left, ttl }
}

const optionsElsewhere = () => new WEIR_ERR_PLUGIN_OPTION('weir-rate-limit', 'limit',
  'has to be given to the plugin for app.rateLimit() and app.createRateLimit(), which take no limit themselves: say it in config.rateLimit of the route')
