import type { FastifyInstance, FastifyRequest } from 'fastify'
import { inject, type Response } from 'light-my-request'

/** A request that the application makes to itself, in place of one that a client has made. */
export interface SelfRequest {
  readonly app: FastifyInstance
  /**
   * The client's: the other is for the same authority, over the same scheme, from the same address.
   */
  readonly request: FastifyRequest
  /**
   * Path and query; default: what the client has asked for, neither rewritten twice nor resolved.
   */
  readonly target?: string
  /** Header fields of the client's that the other does not have, in lower case. */
  readonly without: ReadonlySet<string>
  /** Those that it has besides. */
  readonly headers: Readonly<Record<string, string>>
}

// Fields about the client's connection or its body.
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
 * Sends a GET through all of the application's hooks, without a connection. The body of its
 * response is a stream.
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
 * The authority that the client has sent: a proxy's is among the headers, and trusted or not as
 * before.
 */
const authorityOf = ({ headers, host }: FastifyRequest) =>
  String(headers.host ?? headers[':authority'] ?? host)
