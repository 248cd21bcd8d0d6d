import type { FastifyRateLimitStore, FastifyRateLimitStoreCtor } from '@fastify/rate-limit'
import type { FastifyRequest } from 'fastify'
import { WEIR_ERR_PLUGIN_OPTION } from '../errors.js'
import type { RouteLimit } from './limits.js'

/** How a request stands with its limit, in the words of @fastify/rate-limit. */
export interface Standing {
  readonly outcome: 'allowed' | 'limited' | 'banned'
  /** What is left at once of the budget that has least. */
  readonly remaining: number
  /** Milliseconds until it is full again; for a limited request until it would be allowed. */
  readonly ttl: number
}

type Decide = (request: FastifyRequest, limit: RouteLimit) => Promise<Standing>

/** By how much more than the limit @fastify/rate-limit takes a request to be banned: its option `ban`. */
export const BAN = 1

/**
 * Between @fastify/rate-limit and a limiter. A store of it is given a key and numbers, never the request, and answers with numbers. So
 * here a key is a ticket for the request, and what is more than numbers stays with the request.
 */
export class Bridge {
  /** Between the key generator and the store, one of which follows upon the other. */
  readonly #tickets = new Map<string, FastifyRequest>()
  #last = 0
  /** Of the route that is being declared: what `child` makes a store of. */
  declared: RouteLimit | undefined

  constructor (readonly decide: Decide) {}

  readonly keyGenerator = (request: FastifyRequest): string => {
    const ticket = String(++this.#last)
    this.#tickets.set(ticket, request)
    return ticket
  }

  redeem (ticket: string): FastifyRequest {
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

class LimiterStore implements FastifyRateLimitStore {
  constructor (readonly bridge: Bridge, readonly limit: RouteLimit | undefined) {}

  incr (ticket: string, done: Parameters<FastifyRateLimitStore['incr']>[1], _window: number, max: number): void {
    this.#decide(ticket).then(({ outcome, remaining, ttl }) => {
      const used = { allowed: Math.max(0, max - remaining), limited: max + 1, banned: max + 1 + BAN }
      done(null, { current: used[outcome], ttl })
    }).catch(done)
  }

  child (): LimiterStore {
    if (this.bridge.declared === undefined) throw optionsElsewhere()
    return new LimiterStore(this.bridge, this.bridge.declared)
  }

  async #decide (ticket: string): Promise<Standing> {
    const request = this.bridge.redeem(ticket)
    if (this.limit === undefined) throw optionsElsewhere()
    return this.bridge.decide(request, this.limit)
  }
}

const optionsElsewhere = () => new WEIR_ERR_PLUGIN_OPTION('weir-rate-limit', 'limit',
  'has to be given to the plugin for app.rateLimit() and app.createRateLimit(), which take no limit themselves: say it in config.rateLimit of the route')
