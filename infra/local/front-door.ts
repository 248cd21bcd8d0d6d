import { Readable } from 'node:stream'
import proxy from '@fastify/http-proxy'
import telemetry, { traceHeaders, type TelemetryOptions } from '@weir/fastify/telemetry'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { Agent } from 'undici'
import { ownDocs, serveDocs } from './docs-page.js'
import { forwardedHeaders, withoutHopByHop } from './forwarded-headers.js'
import { problem, refuse, refuseClient } from './problem.js'
import { protocolRefusal } from './protocol.js'
import { originForm } from './target.js'
import { SAFE, type Upstream, Watch } from './watch.js'

export { type Upstream } from './watch.js'

/** A service behind the front door. */
export interface FrontDoorService {
  readonly name: string
  readonly prefixes: readonly string[]
  readonly paths?: readonly string[]
  /** The subject of its API, which is described at `/docs/<name>/`; default: it is not. */
  readonly docs?: string
  readonly upstreams: readonly Upstream[]
}

/** Milliseconds, and bytes. */
const LIMITS = {
  /** Time for the header fields of a request to arrive. */
  headers: 10_000,
  /** Time for the whole request to arrive. */
  request: 30_000,
  /** Longest silence of an instance. */
  silence: 30_000,
  /** Time to the first byte after which an instance is probed. */
  suspect: 1000,
  /** Time for a probe to be answered, and until the next one. */
  probe: 1000,
  /** The largest body of a request. */
  body: 1024 * 1024
}
/** Bytes of all header fields of a response: up to 16 KiB of tags for caches, and its own. */
const ANSWER_HEADERS = 32 * 1024
/**
 * Milliseconds for which the rest of an oversized body is read, so that the client sees the
 * response instead of a reset.
 */
const LINGER_MS = 5000
const METHODS = 'GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE'
/** Error codes that prove that the instance received nothing of the request. */
const NOT_SENT = new Set(['ECONNREFUSED', 'UND_ERR_CONNECT_TIMEOUT'])
/** Error codes of an instance that was silent for too long. */
const SILENT = new Set(['UND_ERR_HEADERS_TIMEOUT', 'WEIR_ERR_INSTANCE_FROZEN'])
/** Error codes of a request without a response, which may have taken effect. */
const NO_ANSWER = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', ...SILENT])

/**
 * Builds the front door: sends each request to the service that owns its path, with its live
 * instances in turn. Forwards requests once they are complete, and responses as they arrive. A safe
 * request whose instance died or is silent goes to another instance; a write only if the dead
 * instance received nothing of it. An instance that does not even answer a probe is set aside until
 * it does.
 */
export function buildFrontDoor (
  services: readonly FrontDoorService[],
  limits: Readonly<typeof LIMITS> = LIMITS,
  tracing?: TelemetryOptions
): FastifyInstance {
  const agent = new Agent({
    headersTimeout: limits.silence,
    bodyTimeout: limits.silence,
    maxHeaderSize: ANSWER_HEADERS
  })
  const app = fastify({
    logger: false,
    rewriteUrl: originForm,
    bodyLimit: limits.body,
    requestTimeout: limits.request,
    // The front door checks Host itself: Node would answer without a body.
    http: {
      headersTimeout: limits.headers,
      connectionsCheckingInterval: Math.min(1000, limits.headers),
      requireHostHeader: false
    },
    clientErrorHandler: refuseClient,
    // A malformed path never reaches the error handler.
    frameworkErrors: (error, _request, reply) => {
      problem(reply, error.statusCode ?? 400, error.code, error.message)
    }
  })
  // Not in an onClose hook, which runs before the last requests have ended.
  app.server.once('close', () => {
    agent.destroy().catch(() => {})
  })
  answerForNode(app)
  if (tracing !== undefined) app.register(telemetry, tracing)

  app.addHook('onRequest', (request, reply, done) => {
    const refusal = protocolRefusal(request.raw)
    if (refusal === undefined) done()
    else problem(reply.header('connection', 'close'), ...refusal)
  })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => {
    done(null, body)
  })
  app.setErrorHandler<Error & { statusCode?: number; code?: string }>((error, request, reply) => {
    if (error.statusCode === 413) return tooLarge(request, reply)
    return problem(
      reply,
      error.statusCode ?? 500,
      error.code ?? 'WEIR_ERR_FRONT_DOOR',
      error.message
    )
  })
  const prefixes = services.flatMap((service) => service.prefixes)
  app.setNotFoundHandler((request, reply) => {
    const [path = ''] = request.url.split('?', 1)
    const isOwned = prefixes.some((prefix) => path === prefix || path.startsWith(`${prefix}/`))
    if (!isOwned) {
      return problem(
        reply,
        404,
        'WEIR_ERR_NO_SUCH_PATH',
        `No service has this path. Known prefixes: ${prefixes.join(', ')}.`
      )
    }
    return problem(
      reply.header('allow', METHODS),
      405,
      'WEIR_ERR_METHOD_NOT_ALLOWED',
      `${request.method} is not supported. Use one of ${METHODS}.`
    )
  })

  const described = services.flatMap(({ name, docs }) => docs === undefined ? [] : [{ name, docs }])
  if (described.length > 0) serveDocs(app, described)
  for (const service of services) {
    const watch = new Watch(service.upstreams, agent, limits)
    app.server.once('close', () => { watch.stop() })
    app.register(proxy, {
      upstream: '',
      undici: watch,
      proxyPayloads: false,
      disableRequestLogging: true,
      routes: [
        ...service.prefixes.flatMap((prefix) => [prefix, `${prefix}/*`]),
        ...(service.paths ?? []),
        ...(service.docs === undefined ? [] : [`/docs/${service.name}/*`])
      ],
      replyOptions: {
        getUpstream: () => '',
        rewriteHeaders: withoutHopByHop
      },
      handler: (request, reply, path, options) => {
        const { body } = request
        const trace = traceHeaders()
        const tried = new Set<Upstream>()
        const attempt = (otherwise: () => unknown): unknown => {
          const chosen = watch.next(tried)
          if (chosen === undefined) return otherwise()
          const { upstream, url } = chosen
          tried.add(upstream)
          // A stream, because @fastify/reply-from would serialize a Buffer as JSON.
          if (Buffer.isBuffer(body)) {
            request.body = body.length > 0 ? Readable.from([body]) : undefined
          }
          return reply.from(path.startsWith('/docs/') ? ownDocs(path) : path, {
            ...options,
            getUpstream: () => url,
            rewriteRequestHeaders: (request, headers) => forwardedHeaders(request, headers, trace),
            // Prevents @fastify/reply-from from retrying up to ten times after a 503.
            retryDelay: () => null,
            onError: (_reply, { error }) => {
              const code = codeOf(error)
              const failed = () => (SILENT.has(code) ? silent : lost)(reply, upstream.name)
              if (NOT_SENT.has(code)) attempt(otherwise)
              else if (SAFE.includes(request.method) && NO_ANSWER.has(code)) {
                attempt(SILENT.has(code) ? failed : otherwise)
              } else failed()
            }
          })
        }
        return attempt(() => unavailable(reply, service.name))
      }
    })
  }
  return app
}

/** Answers the requests that Node's server would answer without a body, or not at all. */
function answerForNode (app: FastifyInstance): void {
  app.server.on('checkExpectation', (_request, response) => {
    if (response.socket !== null) {
      refuse(response.socket, [417, 'WEIR_ERR_EXPECTATION', 'The only supported Expect is 100-continue.'])
    }
  })
  app.server.on('connect', (_request, socket) => {
    refuse(
      socket,
      [405, 'WEIR_ERR_METHOD_NOT_ALLOWED', `CONNECT is not supported. Use one of ${METHODS}.`],
      [`Allow: ${METHODS}`]
    )
  })
}

/**
 * Answers at once and keeps reading for a while: closing a connection while the client sends resets
 * it, and the response is lost.
 */
function tooLarge ({ raw }: FastifyRequest, reply: FastifyReply): FastifyReply {
  reply.raw.once('finish', () => {
    raw.resume()
    const end = setTimeout(() => { raw.socket.destroy() }, LINGER_MS).unref()
    raw.once('close', () => { clearTimeout(end) })
  })
  return problem(
    reply.removeHeader('connection'),
    413,
    'WEIR_ERR_BODY_TOO_LARGE',
    'The body exceeds 1 MiB.'
  )
}

/** The code of the underlying failure, which @fastify/reply-from wraps. */
function codeOf (error: Error): string {
  const source = error.cause ?? error
  return source instanceof Error && 'code' in source ? String(source.code) : ''
}

function unavailable (reply: FastifyReply, service: string): FastifyReply {
  reply.header('retry-after', '1')
  return problem(
    reply,
    503,
    'WEIR_ERR_NO_INSTANCE',
    `No instance of ${service} could take the request. Try again in a second.`
  )
}

function lost (reply: FastifyReply, instance: string): FastifyReply {
  return problem(
    reply,
    502,
    'WEIR_ERR_INSTANCE_LOST',
    `${instance} ended before it answered: the request may or may not have taken effect. Read the resource before you repeat it.`
  )
}

function silent (reply: FastifyReply, instance: string): FastifyReply {
  return problem(
    reply,
    504,
    'WEIR_ERR_INSTANCE_SILENT',
    `${instance} did not answer in time: the request may or may not have taken effect. Read the resource before you repeat it.`
  )
}
