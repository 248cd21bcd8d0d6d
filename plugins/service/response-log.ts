import {
  LogController,
  type FastifyBaseLogger,
  type FastifyReply,
  type FastifyRequest
} from 'fastify'
import { logged, traceOf } from '../active-tracing.js'
import type {} from '../response-cache/index.js'
import { pathOf } from './problem.js'

/** Options that select the logged responses. */
export interface ResponseLogOptions {
  /** Level of the log. */
  readonly level: string
  /** Whether each request has a line, regardless of the level. */
  readonly access: boolean
}

/**
 * Logs one line per response instead of Fastify's two per request, which cost more than a cache
 * hit: from 400 on at `info`, below at `debug`. With `access`, one short line per request instead.
 */
export class ResponseLog extends LogController {
  readonly #all: boolean
  readonly #access: boolean
  #accessLog: FastifyBaseLogger | undefined

  constructor ({ level, access }: ResponseLogOptions) {
    super()
    this.#all = level === 'debug' || level === 'trace'
    this.#access = access
  }

  override incomingRequest () {}

  override requestCompleted (
    error: Error | null | undefined,
    request: FastifyRequest,
    reply: FastifyReply
  ) {
    if (this.#access) this.#logAccess(request, reply)
    if (error) request.log.error({ ...lineOf(request, reply), err: error }, 'response failed')
    else if (!this.#access && reply.statusCode >= 400) {
      request.log.info(lineOf(request, reply), 'response')
    } else if (!this.#access && this.#all) request.log.debug(lineOf(request, reply), 'response')
  }

  #logAccess (request: FastifyRequest, reply: FastifyReply) {
    this.#accessLog ??= request.server.log.child({}, { level: 'info' })
    this.#accessLog.info(
      {
        reqId: request.id,
        method: request.method,
        path: pathOf(request),
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime * 1000) / 1000,
        // Undefined, and therefore omitted, in contexts without the response cache.
        cache: request.cacheResult?.outcome,
        ...logged(traceOf(request))
      },
      'access'
    )
  }
}

const lineOf = (request: FastifyRequest, reply: FastifyReply) => ({
  // The context of a response that ends may be another request's.
  ...logged(traceOf(request)),
  req: request,
  res: reply,
  responseTime: reply.elapsedTime
})
