import type { Decision } from '@weir/limiter'
import type { FastifyRequest, onRequestHookHandler } from 'fastify'
import { WEIR_ERR_ADDRESS_DENIED } from '../errors.js'
import type { RouteLimit } from './limits.js'
import { refuseQuickly } from './quick-refusal.js'
import { refusal, writeLimitFields } from './refusal.js'

/** Set once a request has used its budget, because several hooks may charge it. */
const USED = Symbol('weir.rateLimitUsed')

declare module 'fastify' {
  interface FastifyRequest {
    [USED]?: boolean
  }
}

/** Limiter's decision, or the fact that the request is not limited or is banned. */
export type Judgement = Decision | 'unlimited' | 'banned'

/** Decides on requests with a limiter. */
export interface Judge {
  /** Returns the decision without a promise if this process can decide alone. */
  judge(
    operation: 'take' | 'peek',
    request: FastifyRequest,
    limit: RouteLimit
  ): Judgement | Promise<Judgement>
  /** Called with each decision. */
  note(decision: Decision): void
}

/** Enforces one limit. */
export class Enforcement {
  constructor (readonly judge: Judge, readonly limit: RouteLimit) {}

  /** Hook of a route. It returns no promise if this process can decide alone. */
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
   * Charges a request to its budget, unless that has already happened.
   * @throws the error with which a denied request is answered
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
