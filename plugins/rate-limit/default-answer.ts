import { STATUS_CODES } from 'node:http'
import type { FastifyReply, FastifyRequest, LogController } from 'fastify'
import {
  WEIR_ERR_ADDRESS_DENIED,
  WEIR_ERR_LIMITS_UNAVAILABLE,
  WEIR_ERR_RATE_LIMITED
} from '../errors.js'
import { internal, isObject, logControllerOf } from './internals.js'

/** An error that this plugin answers with, and what `refusal()` adds to it. */
type Refusal = Error & {
  readonly code: string
  readonly statusCode?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly problem?: object
}

/**
 * The error handler of a route that has none. It answers the plugin's own errors as problems (RFC
 * 9457), where nothing but Fastify's default handler would: an error handler of the application
 * comes first, and all other errors take their way.
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
  // Fastify takes a thrown value for an error whatever it is, if a promise rejects with it.
  if (!(error instanceof Error)) {
    return new Promise(() => {
      throw error
    })
  }
  throw error
}

/** Answers as Fastify's default error handler does, with a problem for a body. */
export function sendRefusal (error: Refusal, request: FastifyRequest, reply: FastifyReply): void {
  const status = error.statusCode ?? 500
  reply.code(status).headers({ ...error.headers })
  log(error, request, reply)
  const { message, code, problem } = error
  // As bytes: a response schema must not filter members out, and Fastify would add a charset.
  reply
    .type(PROBLEM)
    .send(Buffer.from(problemBody(request, { status, detail: message, code }, problem)))
}

/** The media type of problems, which has no charset. */
export const PROBLEM = 'application/problem+json'

/** The body that says why a request was refused. */
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

/** Whether an error is one that this plugin answers requests with. */
export const isRefusal = (error: unknown): error is Refusal =>
  error instanceof WEIR_ERR_RATE_LIMITED ||
  error instanceof WEIR_ERR_LIMITS_UNAVAILABLE ||
  error instanceof WEIR_ERR_ADDRESS_DENIED

/** Whether no error handler of the application is for a request. */
export function hasDefaultHandler (request: FastifyRequest): boolean {
  const context = internal(request, 'fastify.context')
  return isObject(context) && 'errorHandler' in context && isDefaultHandler(context.errorHandler)
}

/**
 * Fastify's default handler is the only one that inherits from nothing: those of applications
 * inherit from it.
 */
export function isDefaultHandler (handler: unknown): boolean {
  if (!isObject(handler)) return false
  const next: unknown = Object.getPrototypeOf(handler)
  return (
    next === Object.prototype ||
    ('func' in handler && handler.func === answerRefusal && isDefaultHandler(next))
  )
}

/** Logs an error where and as Fastify's default handler does. */
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
