import type { OutgoingHttpHeaders } from 'node:http'
import { type Decision, formatRetryAfter } from '@weir/limiter'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { isDefaultHandler, PROBLEM, problemBody } from './default-answer.js'
import { internal, isObject, logControllerOf } from './internals.js'
import { limitFields, quotaExceeded, rateLimitedMessage } from './refusal.js'

/** Parts of Fastify's route context that handle an error. */
interface RouteContext {
  readonly onSend: unknown
  readonly onError: unknown
  readonly errorHandler: object
  readonly server: object
}

const contexts = new WeakMap<object, boolean>()

/**
 * Answers 429 exactly like `sendRefusal`, byte for byte, without passing an error through Fastify.
 * Applies only if nothing else would see the error or its response: no error handler of the
 * application, no onError or onSend hook but that of @fastify/caching, no log line, and a GET over
 * HTTP/1.1. Headers set by earlier hooks are kept, and onResponse hooks follow. A response that has
 * started meanwhile, or has a header that Node refuses, is left to Fastify.
 * @returns whether the response was sent; if not, throw the error
 */
export function refuseQuickly (
  decision: Decision,
  request: FastifyRequest,
  reply: FastifyReply
): boolean {
  if (decision.mode === 'closed' || request.method !== 'GET' || request.raw.httpVersionMajor !== 1) {
    return false
  }
  if (reply.sent || reply.raw.headersSent) return false
  if (
    request.headers['content-length'] !== undefined ||
    request.headers['transfer-encoding'] !== undefined
  ) { return false }
  if (isLogging(request.log) || !isPlain(contextOf(request))) return false
  const headers = headersOf(reply)
  if (
    headers === undefined ||
    headers['etag'] !== undefined ||
    internal(reply, 'fastify.reply.trailers') !== null
  ) { return false }

  const retryAfter = formatRetryAfter(decision)
  const said = {
    status: 429,
    detail: rateLimitedMessage(decision, retryAfter),
    code: 'WEIR_ERR_RATE_LIMITED'
  }
  const body = problemBody(request, said, quotaExceeded(decision))
  // Moves the fields to the end, where those of an error are. Deleting makes an object slow, and
  // usually there are none.
  for (const name of ['content-type', 'content-length']) {
    if (headers[name] !== undefined) Reflect.deleteProperty(headers, name)
  }
  for (const [name, value] of limitFields(decision)) headers[name] = value
  headers['retry-after'] = retryAfter
  headers['content-type'] = PROBLEM
  headers['content-length'] = `${Buffer.byteLength(body)}`
  try {
    reply.raw.writeHead(429, headers)
  } catch {
    return false
  }
  reply.hijack()
  reply.raw.end(body)
  return true
}

function isPlain (context: RouteContext | undefined): boolean {
  if (context === undefined) return false
  let plain = contexts.get(context)
  if (plain === undefined) {
    plain =
      isForTags(context) &&
      context.onError === null &&
      isDefaultHandler(context.errorHandler) &&
      logsByDefault(context.server)
    contexts.set(context, plain)
  }
  return plain
}

/**
 * Returns whether no hook sees a response without an ETag: the response cache registers the one of
 * `@fastify/caching`, which stores tags. Fastify binds the hooks of a route, so that only their
 * names remain.
 * @fastify/caching, which stores tags. Fastify binds the hooks of a route, so that only their names
 * are left.
 */
function isForTags ({ onSend, server }: RouteContext): boolean {
  if (onSend === null) return true
  if (!Array.isArray(onSend) || onSend.length !== 1 || !('responseCache' in server)) return false
  const hook: unknown = onSend[0]
  return typeof hook === 'function' && hook.name === 'bound cachingStoreByEtag'
}

/**
 * Returns whether errors go to Fastify's own log controller. One of the application may count them,
 * regardless of the level.
 */
function logsByDefault (server: object): boolean {
  const controller = logControllerOf(server)
  // Versions without a controller do not let applications give one.
  if (controller === undefined) return true
  const methods: unknown = Object.getPrototypeOf(controller)
  return (
    isObject(methods) &&
    Object.getPrototypeOf(methods) === Object.prototype &&
    !Object.hasOwn(controller, 'defaultErrorLog')
  )
}

/**
 * Returns whether the error would be logged. Fastify's logger for disabled logging has `noop` for
 * each level.
 */
function isLogging (log: FastifyRequest['log']): boolean {
  return isLevelled(log)
    ? log.isLevelEnabled('info')
    : log.info !== log.error || log.info.name !== 'noop'
}

const isLevelled = (log: object): log is { isLevelEnabled (level: string): boolean } =>
  'isLevelEnabled' in log && typeof log.isLevelEnabled === 'function'

/** Returns the headers set by hooks so far, which may be added to. */
function headersOf (reply: FastifyReply): OutgoingHttpHeaders | undefined {
  const headers = internal(reply, 'fastify.reply.headers')
  return isHeaders(headers) ? headers : undefined
}

const isHeaders = (headers: unknown): headers is OutgoingHttpHeaders =>
  typeof headers === 'object' && headers !== null

function contextOf (request: FastifyRequest): RouteContext | undefined {
  const context = internal(request, 'fastify.context')
  return isRouteContext(context) ? context : undefined
}

const isRouteContext = (context: unknown): context is RouteContext =>
  typeof context === 'object' &&
  context !== null &&
  'onSend' in context &&
  'onError' in context &&
  'errorHandler' in context &&
  isObject(context.errorHandler) &&
  'server' in context &&
  isObject(context.server)
