import { STATUS_CODES } from 'node:http'
import type { FastifyReply, FastifyRequest, LogController } from 'fastify'
import {
  WEIR_ERR_ADDRESS_DENIED,
  WEIR_ERR_LIMITS_UNAVAILABLE,
  WEIR_ERR_RATE_LIMITED
} from '../errors.js'
import { internal, isObject, logControllerOf } from './internals.js'

/** Error with which this plugin answers a request, with the properties added by `refusal()`. */
type Refusal = Error & {
  readonly code: string
  readonly statusCode?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly problem?: object
}

/**
 * Default error handler of a route. Answers the plugin's own errors as problems (RFC 9457) if only
 * Fastify's default handler would answer them: an error handler of the application takes
 * precedence, and all other errors are handled as usual.
 */
export function answerRefusal (
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply
): unknown {
  if (isRefusal(error) && hasDefaultHandler(request)) {
    sendRefusal(error, request, reply)
    return undefined
  }
  // Fastify treats any thrown value as an error if a promise rejects with it.
  if (!(error instanceof Error)) {
    return new Promise(() => {
      throw error
    })
  }
  throw error
}

/** Answers like Fastify's default error handler, with a problem as the body. */
export function sendRefusal (error: Refusal, request: FastifyRequest, reply: FastifyReply): void {
  const status = error.statusCode ?? 500
  reply.code(status).headers({ ...error.headers })
  log(error, request, reply)
  const { message, code, problem } = error
  // Sent as bytes: a response schema must not filter members out, and Fastify would add a charset.
  reply
    .type(PROBLEM)
    .send(Buffer.from(problemBody(request, { status, detail: message, code }, problem)))
}

/** Media type of problems, which has no charset. */
export const PROBLEM = 'application/problem+json'

/** Renders the body that explains why a request was refused. */
export function problemBody (
  { url, id }: Pick<FastifyRequest, 'url' | 'id'>,
  {
    status,
    detail,
    code
  }: { readonly status: number; readonly detail: string; readonly code: string },
  more: object = {}
): string {
  const instance = url.split('?', 1)[0]
  return JSON.stringify({
    type: 'about:blank',
    title: STATUS_CODES[status],
    status,
    detail,
    instance,
    code,
    requestId: id,
    ...more
  })
}

/** Returns whether an error is one of this plugin's refusals. */
export const isRefusal = (error: unknown): error is Refusal =>
  error instanceof WEIR_ERR_RATE_LIMITED ||
  error instanceof WEIR_ERR_LIMITS_UNAVAILABLE ||
  error instanceof WEIR_ERR_ADDRESS_DENIED

/** Returns whether the application has no error handler for a request. */
export function hasDefaultHandler (request: FastifyRequest): boolean {
  const context = internal(request, 'fastify.context')
  return isObject(context) && 'errorHandler' in context && isDefaultHandler(context.errorHandler)
}

/**
 * Returns whether a handler is Fastify's default: the only one that inherits from nothing, while
 * handlers of applications inherit from it.
 */
export function isDefaultHandler (handler: unknown): boolean {
  if (!isObject(handler)) return false
  const next: unknown = Object.getPrototypeOf(handler)
  return (
    next === Object.prototype ||
    ('func' in handler && handler.func === answerRefusal && isDefaultHandler(next))
  )
}

/** Logs an error in the same way as Fastify's default handler. */
function log (error: Error, request: FastifyRequest, reply: FastifyReply): void {
  const controller = logControllerOf(request.server)
  if (hasErrorLog(controller)) controller.defaultErrorLog(error, request, reply)
  else request.log.info({ res: reply, err: error }, error.message)
}

const hasErrorLog = (
  controller: object | undefined
): controller is Pick<LogController, 'defaultErrorLog'> =>
  controller !== undefined &&
  'defaultErrorLog' in controller &&
  typeof controller.defaultErrorLog === 'function'
