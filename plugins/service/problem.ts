import { STATUS_CODES } from 'node:http'
import createError from '@fastify/error'
import { shown } from '@weir/internal'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type, type Static } from 'typebox'
import { noteRefusal, refusalLevel } from '../refusals.js'
import { JSON_TYPE, PATCH_TYPES } from './json.js'
import { fieldErrors, type Violation } from './validation.js'

/**
 * The body of every error (RFC 9457), application/problem+json. For the response schemas of routes:
 *
 * @example schema: { response: { 200: Product, 404: ProblemSchema } }
 */
export const ProblemSchema = Type.Object(
  {
    type: Type.String({
      description: 'a URI of the kind of problem; about:blank where title says it all'
    }),
    title: Type.String({ description: 'the meaning of the status' }),
    status: Type.Integer({ minimum: 400, maximum: 599 }),
    detail: Type.String({ description: 'what is wrong with this request, for people' }),
    instance: Type.String({ description: 'the path of the request' }),
    code: Type.String({ description: 'a name for programs, which does not change' }),
    requestId: Type.String({
      description: 'the X-Request-Id of the response, by which logs find the request'
    }),
    errors: Type.Optional(
      Type.Array(Type.Object({ field: Type.String(), message: Type.String() }), {
        description: 'the fields that cannot be accepted'
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
 * The errors of any route, for its response schemas.
 *
 * @example schema: { response: { 200: Product, ...problems } }
 */
export const problems = { '4xx': problem, '5xx': problem }

/**
 * Answers with an error, whatever was thrown. A client's mistake (4xx) is described; what went
 * wrong on the server (5xx) is logged and not shown, but for code and message of an error that was
 * made to be seen. A refusal that is expected is a line without a stack, of the level that its
 * class was declared with. An error may bring `headers`, and `problem`: a `type` of its own and the
 * members that go with it.
 */
export function sendProblem (error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const thrown = isRecord(error) ? error : {}
  const status = statusOf(thrown, reply)
  const problem: Problem = {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail:
      'The service could not answer this request; its log has the reason under the requestId.',
    instance: pathOf(request),
    code: codeOf(thrown, status),
    requestId: request.id
  }
  const level = refusalLevel(error)
  noteRefusal(error, request)
  if (status >= 500 && level !== undefined) { request.log[level]({ code: problem.code }, `refused: ${String(thrown['message'])}`) } else if (status >= 500 && !OF_CLIENTS.has(status)) { request.log.error({ err: error }, 'request failed') }
  if (status < 500 || isForClients(thrown)) {
    if (typeof thrown['message'] === 'string' && thrown['message'] !== '') { problem.detail = thrown['message'] } else problem.detail = problem.title
    // Fastify says no more than the title.
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
  // As bytes: a route's response schema must not filter members out, and Fastify would add a
  // charset, which the type does not have.
  reply.code(status).type('application/problem+json').send(Buffer.from(JSON.stringify(problem)))
}

// A method and a version of HTTP that a client has chosen are no failure of the server, by whatever
// number.
const OF_CLIENTS: ReadonlySet<number> = new Set([501, 505])

/** The path that was asked for, without the query, which may hold what should not be repeated. */
export function pathOf (request: FastifyRequest): string {
  return withoutQuery(request.url)
}

/** A request target up to its query. */
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
 * The code of a driver or of Node tells clients about the inside; that of a named error was chosen
 * for them.
 */
function codeOf (thrown: Record<string, unknown>, status: number): string {
  const named = status < 500 || isForClients(thrown)
  if (named && typeof thrown['code'] === 'string') return thrown['code']
  return (STATUS_CODES[status] ?? 'Error').toUpperCase().replace(/\W+/g, '_')
}

/** Named errors of ours say what a client can do; Fastify's own speak to the developer. */
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
      : `A body of Content-Type ${shown(type)} is not read here`
  return `${problem}: send JSON as ${method === 'PATCH' ? PATCH_TYPES.replace(', ', ' or ') : JSON_TYPE}`
}
