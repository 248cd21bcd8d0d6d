import { STATUS_CODES } from 'node:http'
import proxy from '@fastify/http-proxy'
import fastify, { type FastifyInstance, type FastifyReply } from 'fastify'
import { Agent } from 'undici'
import { forwardedHeaders, withoutHopByHop } from './forwarded-headers.js'

/** One instance as the front door sees it. */
export interface Upstream {
  readonly name: string
  /** Undefined while it cannot answer. */
  readonly url: string | undefined
}

/** A service behind the front door. */
export interface FrontDoorService {
  readonly name: string
  readonly prefixes: readonly string[]
  readonly paths?: readonly string[]
  readonly upstreams: readonly Upstream[]
}

/** An instance that sends nothing for this long is answered for with a 504. */
const SILENCE_MS = 30_000
/** The request never reached the instance, or its connection broke before an answer. */
const CONNECTION_LOST = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'])

/**
 * The front door: hands each request to the service that owns its path, one live instance after the other.
 * Bodies are streamed both ways. A safe request whose instance just died is given to another one.
 */
export function buildFrontDoor (services: readonly FrontDoorService[]): FastifyInstance {
  const agent = new Agent({ headersTimeout: SILENCE_MS, bodyTimeout: SILENCE_MS })
  const app = fastify({
    logger: false,
    // A path that is none never reaches the error handler.
    frameworkErrors: (error, _request, reply) => { problem(reply, error.statusCode ?? 400, error.code, error.message) }
  })
  // Not in an onClose hook: that runs before the last requests are through.
  app.server.once('close', () => { agent.destroy().catch(() => {}) })

  app.setErrorHandler<Error & { statusCode?: number, code?: string }>((error, _request, reply) => {
    const status = error.statusCode ?? 500
    return problem(reply, status, error.code ?? 'WEIR_ERR_FRONT_DOOR', error.message)
  })
  const paths = services.flatMap((service) => service.prefixes).join(', ')
  app.setNotFoundHandler((_request, reply) =>
    problem(reply, 404, 'WEIR_ERR_NO_SUCH_PATH', `No service owns this path. There are: ${paths}.`))

  for (const service of services) {
    const next = roundRobin(service.upstreams)
    app.register(proxy, {
      upstream: '',
      undici: agent,
      disableRequestLogging: true,
      routes: [...service.prefixes.flatMap((prefix) => [prefix, `${prefix}/*`]), ...service.paths ?? []],
      replyOptions: { getUpstream: () => '', rewriteRequestHeaders: forwardedHeaders, rewriteHeaders: withoutHopByHop },
      handler: (request, reply, path, options) => {
        const tried = new Set<Upstream>()
        const attempt = (): unknown => {
          const { upstream, url } = next(tried)
          if (url === undefined) return unavailable(reply, service.name)
          tried.add(upstream)
          return reply.from(path, {
            ...options,
            getUpstream: () => url,
            // Or @fastify/reply-from asks up to ten times again when the answer is a 503.
            retryDelay: () => null,
            onError: (_reply, { error }) => {
              const code = codeOf(error)
              if (!CONNECTION_LOST.has(code)) reply.send(error)
              else if (request.method === 'GET' || request.method === 'HEAD') attempt()
              else if (code === 'ECONNREFUSED') unavailable(reply, service.name)
              else {
                problem(reply, 502, 'WEIR_ERR_INSTANCE_LOST',
                  `${upstream.name} ended before it answered: the request may or may not have taken effect. Look before you repeat it.`)
              }
            }
          })
        }
        return attempt()
      }
    })
  }
  return app
}

type Choice = { upstream: Upstream, url: string } | { upstream?: never, url?: never }

/** The next upstream that is up and was not tried yet, if there is one. */
function roundRobin (upstreams: readonly Upstream[]): (tried: ReadonlySet<Upstream>) => Choice {
  let turn = 0
  return (tried) => {
    for (let i = 0; i < upstreams.length; i++) {
      const upstream = upstreams[turn++ % upstreams.length]
      if (upstream?.url !== undefined && !tried.has(upstream)) return { upstream, url: upstream.url }
    }
    return {}
  }
}

/** The code of the failure underneath: @fastify/reply-from wraps it. */
function codeOf (error: Error): string {
  const source = error.cause ?? error
  return source instanceof Error && 'code' in source ? String(source.code) : ''
}

function unavailable (reply: FastifyReply, service: string): FastifyReply {
  reply.header('retry-after', '1')
  return problem(reply, 503, 'WEIR_ERR_NO_INSTANCE', `No instance of ${service} could take the request. Try again in a second.`)
}

/** Problem details, RFC 9457. As bytes: Fastify would add a charset to text, which the type does not have. */
function problem (reply: FastifyReply, status: number, code: string, detail: string): FastifyReply {
  const body = { type: 'about:blank', title: STATUS_CODES[status], status, detail, code }
  return reply.code(status).type('application/problem+json').send(Buffer.from(JSON.stringify(body)))
}
