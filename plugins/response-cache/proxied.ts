import { endToEndHeaders } from '@weir/http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Http2ServerResponse } from 'node:http2'
import type { Fields } from './head.js'
import { writeInterim } from './interim.js'
import { type InterimListener, listenToNextHop, stopListening } from './next-hop.js'

/** The part that another server has in the answer to one request. */
export interface RemoteExchange {
  /** Whether the handler has passed the request on, by `reply.from` of `@fastify/reply-from`. */
  readonly isProxied: boolean
  /**
   * The status that the next hop sent; undefined if it sent none, and where a 502, 503 or 504 is
   * the proxy's own.
   */
  readonly status: number | undefined
}

const APPLICATION: RemoteExchange = { isProxied: false, status: undefined }

/** The options of `reply.from` that are about what the next hop sends. */
interface FromOptions {
  readonly rewriteHeaders?: (headers: Fields, request: FastifyRequest) => unknown
  readonly onResponse?: (
    request: FastifyRequest,
    reply: FastifyReply,
    response: NextHopResponse
  ) => unknown
}

interface NextHopResponse {
  readonly statusCode: number
  readonly stream: unknown
}

type From = (source: string | undefined, options: FromOptions) => unknown

type Around = (forward: () => unknown) => unknown

/**
 * Notes whether the handler passes the request on to another server, and what that sends. Its
 * interim responses go to the client at once (RFC 9110, section 15.2).
 * @param around runs what passes the request on
 */
export function remoteExchange (
  request: FastifyRequest, reply: FastifyReply, around: Around = (forward) => forward()
): RemoteExchange {
  const from: unknown = Reflect.get(reply, 'from')
  if (typeof from !== 'function' || !request.server.hasPlugin('@fastify/reply-from')) {
    return APPLICATION
  }
  const original: From = (source, options) =>
    around((): unknown => Reflect.apply(from, reply, [source, options]))
  const exchange = new ProxiedExchange(request, reply, original)
  Object.assign(reply, {
    from: (source?: string, options?: FromOptions) => exchange.from(source, options ?? {})
  })
  return exchange
}

/**
 * The `fwd-status` of a response: that of the next hop, if it sent one, or of the application's own
 * handler (RFC 9211, section 2.3).
 */
export function forwardStatus (
  { isProxied, status }: RemoteExchange,
  handled: number
): { fwdStatus?: number } {
  const received = isProxied ? status : handled
  return received === undefined ? {} : { fwdStatus: received }
}

class ProxiedExchange implements RemoteExchange, InterimListener {
  readonly #request: FastifyRequest
  readonly #reply: FastifyReply
  readonly #original: From
  #options: FromOptions = {}
  #hasClient: boolean
  isProxied = false
  status: number | undefined

  constructor (request: FastifyRequest, reply: FastifyReply, original: From) {
    this.#request = request
    this.#reply = reply
    this.#original = original
    this.#hasClient = !hasLeft(reply)
    reply.raw.once('close', () => {
      this.#hasClient = false
      stopListening(this)
    })
  }

  from (source: string | undefined, options: FromOptions): unknown {
    this.isProxied = true
    this.status = undefined
    this.#options = options
    const { onResponse = (_request, reply, { stream }) => reply.send(stream) } = options
    const watched: FromOptions = {
      ...options,
      onResponse: (request, reply, response) => {
        this.status = response.statusCode
        stopListening(this)
        return onResponse(request, reply, response)
      }
    }
    const send = () => this.#original(source, watched)
    return this.#hasClient ? listenToNextHop(this, send) : send()
  }

  /** What the application takes out of the headers of responses is not told here either. */
  interim (status: number, headers: Fields): void {
    const { rewriteHeaders = (headers: Fields) => headers } = this.#options
    try {
      const { 'content-length': _, ...sent } = endToEndHeaders(headers)
      const rewritten = rewriteHeaders({ ...sent }, this.#request)
      if (typeof rewritten !== 'object' || rewritten === null) return
      const fields = Object.fromEntries(
        Object.entries(rewritten as Fields).filter(([name]) => sent[name] !== undefined)
      )
      writeInterim(this.#reply.raw, status, fields)
    } catch (error) {
      this.#request.log.warn({ err: error, status }, 'an interim response could not be passed on')
    }
  }
}

/** The response of HTTP/2 does not say so itself. */
function hasLeft ({ raw }: FastifyReply): boolean {
  const response: typeof raw | Http2ServerResponse = raw
  return response instanceof Http2ServerResponse ? response.stream.destroyed : response.destroyed
}
