import type { Decision } from '@weir/limiter'
import type { FastifyRequest, onRequestHookHandler } from 'fastify'
import { WEIR_ERR_ADDRESS_DENIED } from '../errors.js'
import type { RouteLimit } from './limits.js'
import { refuseQuickly } from './quick-refusal.js'
import { refusal, writeLimitFields } from './refusal.js'

/** Set once a request has used its budget: more than one hook may ask for it. */
const USED = Symbol('weir.rateLimitUsed')

declare module 'fastify' {
  interface FastifyRequest {
    [USED]?: boolean
  }
}

/** A limiter's decision, or, without one, that the request is not limited, or not let in at all. */
export type Judgement = Decision | 'unlimited' | 'banned'

/** Decides about requests by a limiter. */
export interface Judge {
  /** At once where this process can tell. */
  judge(
    operation: 'take' | 'peek',
    request: FastifyRequest,
    limit: RouteLimit
  ): Judgement | Promise<Judgement>
  /** Hears of each decision. */
  note(decision: Decision): void
}

/** Enforces one limit. */
export class Enforcement {
  constructor (readonly judge: Judge, readonly limit: RouteLimit) {}

  /**
   * The hook of a route. It has no promise where this process can tell whether a request is
   * allowed.
   */
  readonly hook: onRequestHookHandler = (request, reply, done) => {
    const goOn = (judgement: Judgement | undefined) => {
      if (isDenied(judgement) && refuseQuickly(judgement, request, reply)) return
      const refused = errorOf(judgement)
      if (refused !== undefined) return done(refused)
      writeLimitFields(request, reply)
      done()
    }
    let judgement
    try {
      judgement = this.#use(request)
    } catch (error) {
      return done(asError(error))
    }
    if (judgement instanceof Promise) judgement.then(goOn, done)
    else goOn(judgement)
  }

  /**
   * Has a request use its budget, if it has not yet.
   * @throws what a request that is refused is answered with
   */
  async enforce (request: FastifyRequest): Promise<void> {
    const refused = errorOf(await this.#use(request))
    if (refused !== undefined) throw refused
  }

  #use (request: FastifyRequest): Judgement | undefined | Promise<Judgement> {
    if (request[USED] === true) return undefined
    request[USED] = true
    const judgement = this.judge.judge('take', request, this.limit)
    return judgement instanceof Promise
      ? judgement.then((told) => this.#noted(request, told))
      : this.#noted(request, judgement)
  }

  #noted (request: FastifyRequest, judgement: Judgement): Judgement {
    if (typeof judgement === 'object') {
      request.rateLimit = judgement
      this.judge.note(judgement)
    }
    return judgement
  }
}

function errorOf (judgement: Judgement | undefined): Error | undefined {
  if (judgement === 'banned') return new WEIR_ERR_ADDRESS_DENIED()
  return isDenied(judgement) ? refusal(judgement) : undefined
}

const isDenied = (judgement: Judgement | undefined): judgement is Decision =>
  typeof judgement === 'object' && !judgement.allowed

const asError = (error: unknown) => error instanceof Error ? error : new Error(String(error))
