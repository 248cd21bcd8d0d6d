import type { FastifyInstance, FastifyRequest } from 'fastify'
import { inject, type Response } from 'light-my-request'

/** Request of the application to itself, in place of a client's request. */
export interface SelfRequest {
  readonly app: FastifyInstance
  /** Request of the client: the new one has the same authority, scheme and address. */
  readonly request: FastifyRequest
  /** Path and query; default: those sent by the client, neither rewritten twice nor resolved. */
  readonly target?: string
  /** Header fields of the client that are omitted, in lower case. */
  readonly without: ReadonlySet<string>
  /** Additional header fields. */
  readonly headers: Readonly<Record<string, string>>
}

// Fields that concern the client's connection or its body.
const NEVER_REPEATED = new Set([
  'content-length',
  'content-type',
  'transfer-encoding',
  'connection',
  'expect',
  'upgrade',
  'host'
])

/**
 * Sends a GET through all hooks of the application, without a connection. The body of its response
 * is a stream.
 */
export function askSelf ({
  app,
  request,
  target,
  without,
  headers
}: SelfRequest): Promise<Response> {
  const repeated = Object.entries(request.headers).filter(
    ([name]) => !NEVER_REPEATED.has(name) && !without.has(name) && !name.startsWith(':')
  )
  const dispatch: Parameters<typeof inject>[0] = (raw, response) => {
    raw.url = target ?? request.originalUrl
    if ('encrypted' in request.socket && request.socket.encrypted === true) {
      Object.assign(raw.socket, { encrypted: true })
    }
    app.routing(raw, response)
  }
  return inject(dispatch, {
    method: 'GET',
    url: '/',
    authority: authorityOf(request),
    remoteAddress: request.socket.remoteAddress ?? '127.0.0.1',
    headers: { ...Object.fromEntries(repeated), ...headers },
    payloadAsStream: true
  })
}

/**
 * Returns the authority that the client has sent: a proxy's is among the headers, and trusted or
 * not as before.
 */
const authorityOf = ({ headers, host }: FastifyRequest) =>
  String(headers.host ?? headers[':authority'] ?? host)
