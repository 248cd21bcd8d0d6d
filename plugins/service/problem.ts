import { STATUS_CODES } from 'node:http'
import createError from '@fastify/error'
import { shown } from '@weir/internal'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type, type Static } from 'typebox'
import { traceOf } from '../active-tracing.js'
import { noteRefusal, refusalLevel } from '../refusals.js'
import { JSON_TYPE, PATCH_TYPES } from './json.js'
import { fieldErrors, type Violation } from './validation.js'

/**
 * Body of every error (RFC 9457), application/problem+json. For the response schemas of routes:
 *
 * @example schema: { response: { 200: Product, 404: ProblemSchema } }
 */
export const ProblemSchema = Type.Object(
  {
    type: Type.String({
      description: 'URI of the kind of problem; about:blank if the title is sufficient'
    }),
    title: Type.String({ description: 'meaning of the status' }),
    status: Type.Integer({ minimum: 400, maximum: 599 }),
    detail: Type.String({
      description: 'description of the problem with this request, for ' +
      'readers'
    }),
    instance: Type.String({ description: 'path of the request' }),
    code: Type.String({ description: 'stable name for programs' }),
    requestId: Type.String({
      description: 'X-Request-Id of the response, with which to find the request in the logs'
    }),
    traceId: Type.Optional(
      Type.String({ description: 'trace of the request (W3C Trace Context), if it has one' })
    ),
    errors: Type.Optional(
      Type.Array(Type.Object({ field: Type.String(), message: Type.String() }), {
        description: 'fields that are invalid'
      })
    )
  },
  { description: 'An error (RFC 9457)' }
)

export type Problem = Static<typeof ProblemSchema>

const problem = {
  description: 'An error',
  content: { 'application/problem+json': { schema: ProblemSchema } }
}

/**
 * Errors of any route, for its response schemas.
 *
 * @example schema: { response: { 200: Product, ...problems } }
 */
export const problems = { '4xx': problem, '5xx': problem }

/**
 * Answers with an error, including thrown values of any type. A client's mistake (4xx) is
 * described; a failure of the server (5xx) is logged and not disclosed, except for code and message
 * of an error that is meant for clients. An expected refusal is logged as one line without a stack,
 * at the level that its class was declared with. An error may have `headers`, and `problem`: its
 * own `type` and additional members.
 */
export function sendProblem (error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const thrown = isRecord(error) ? error : {}
  const status = statusOf(thrown, reply)
  const traceId = traceOf(request)?.traceId
  const problem: Problem = {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail:
      'The service could not answer this request; its log has the reason under the requestId.',
    instance: pathOf(request),
    code: codeOf(thrown, status),
    requestId: request.id,
    ...traceId !== undefined && { traceId }
  }
  const level = refusalLevel(error)
  noteRefusal(error, request)
  if (status >= 500 && level !== undefined) { request.log[level]({ code: problem.code }, `refused: ${String(thrown['message'])}`) } else if (status >= 500 && !OF_CLIENTS.has(status)) { request.log.error({ err: error }, 'request failed') }
  if (status < 500 || isForClients(thrown)) {
    if (typeof thrown['message'] === 'string' && thrown['message'] !== '') { problem.detail = thrown['message'] } else problem.detail = problem.title
    // Fastify's message is no more than the title.
    if (problem.code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
      problem.detail = mediaTypeProblem(request)
    }
    if (isViolations(thrown['validation'])) {
      const context = thrown['validationContext']
      problem.errors = fieldErrors(
        thrown['validation'],
        typeof context === 'string' ? context : 'request'
      )
      problem.detail = problem.errors.map(({ field, message }) => `${field} ${message}`).join('; ')
    }
  }
  if (isRecord(thrown['problem'])) Object.assign(problem, thrown['problem'])
  if (isRecord(thrown['headers'])) {
    for (const [name, value] of Object.entries(thrown['headers'])) reply.header(name, value)
  }
  // Sent as bytes: a route's response schema must not filter members out, and Fastify would add a
  // charset, which the type does not have.
  reply.code(status).type('application/problem+json').send(Buffer.from(JSON.stringify(problem)))
}

// Method and version of HTTP are chosen by the client, so an unsupported one is no failure of the
// server, despite its status.
const OF_CLIENTS: ReadonlySet<number> = new Set([501, 505])

/** Returns the requested path without the query, which may contain secrets. */
export function pathOf (request: FastifyRequest): string {
  return withoutQuery(request.url)
}

/** Returns a request target up to its query. */
export const withoutQuery = (url: string): string => url.split('?', 1)[0] ?? url

function statusOf (thrown: Record<string, unknown>, reply: FastifyReply): number {
  const isError = (status: unknown) =>
    typeof status === 'number' && Number.isInteger(status) && status >= 400 && status <= 599
  return (
    [thrown['statusCode'], thrown['status'], reply.statusCode].find((status): status is number =>
      isError(status)
    ) ?? 500
  )
}

/**
 * Returns the code of an error. Codes of a driver or of Node disclose internals to clients; those
 * of named errors are meant for them.
 */
function codeOf (thrown: Record<string, unknown>, status: number): string {
  const named = status < 500 || isForClients(thrown)
  if (named && typeof thrown['code'] === 'string') return thrown['code']
  return (STATUS_CODES[status] ?? 'Error').toUpperCase().replace(/\W+/g, '_')
}

/**
 * Returns whether an error is meant for clients: Weir's named errors have a remedy for clients,
 * Fastify's own are for developers.
 */
function isForClients (thrown: Record<string, unknown>): boolean {
  return thrown instanceof createError.FastifyError && !thrown.code.startsWith('FST_')
}

function isViolations (value: unknown): value is Violation[] {
  return Array.isArray(value)
}

function isRecord (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function mediaTypeProblem ({ method, headers }: FastifyRequest): string {
  const type = headers['content-type']
  const problem =
    type === undefined
      ? 'The body has no Content-Type'
      : `A body of Content-Type ${shown(type)} is not supported here`
  return `${problem}: send JSON as ` +
    `${method === 'PATCH' ? PATCH_TYPES.replace(', ', ' or ') : JSON_TYPE}`
}
