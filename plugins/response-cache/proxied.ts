import { endToEndHeaders } from '@weir/http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Http2ServerResponse } from 'node:http2'
import type { Fields } from './head.js'
import { writeInterim } from './interim.js'
import { type InterimListener, listenToNextHop, stopListening } from './next-hop.js'

/** Contribution of another server to the response to one request. */
export interface RemoteExchange {
  /** Whether the handler has forwarded the request with `reply.from` of `@fastify/reply-from`. */
  readonly isProxied: boolean
  /**
   * Status that the next hop sent; undefined if it sent none, or if a 502, 503 or 504 is the
   * proxy's own.
   */
  readonly status: number | undefined
}

const APPLICATION: RemoteExchange = { isProxied: false, status: undefined }

/** Options of `reply.from` that concern the next hop's response. */
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
 * Tracks whether the handler forwards the request to another server, and the response of that
 * server. Its interim responses go to the client at once (RFC 9110, section 15.2).
 * @param around runs the function that forwards the request
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
 * Returns `fwd-status` of a response: the status of the next hop, if it sent one, or that of the
 * application's own handler (RFC 9211, section 2.3).
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

  /** Fields that the application removes from responses are removed from interim ones, too. */
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

/** Returns whether the client has left. Responses of HTTP/2 do not report this themselves. */
function hasLeft ({ raw }: FastifyReply): boolean {
  const response: typeof raw | Http2ServerResponse = raw
  return response instanceof Http2ServerResponse ? response.stream.destroyed : response.destroyed
}
