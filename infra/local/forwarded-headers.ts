import { type IncomingHttpHeaders } from 'node:http'
import { parseTraceparent } from '@weir/internal'

/** The parts of a request that determine the forwarded headers. */
export interface ClientRequest {
  readonly method: string
  readonly headers: IncomingHttpHeaders
  readonly socket: { readonly remoteAddress?: string | undefined }
}

// The front door's own HTTP server handles 'expect'.
const NOT_SENT_ON = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
  'forwarded'
]

/**
 * Returns the headers for an instance: the client's, and the client's identity as the front door
 * saw it.
 * @param trace the context of the front door's own span, in place of the client's
 */
export function forwardedHeaders (
  request: ClientRequest,
  headers: IncomingHttpHeaders,
  trace: Readonly<Record<string, string>> = {}
): IncomingHttpHeaders {
  const kept = withoutHopByHop({ ...headers, connection: request.headers.connection })
  // The body of a GET or HEAD has no meaning (RFC 9110, section 9.3.1) and is not forwarded, nor is
  // its length.
  if (request.method === 'GET' || request.method === 'HEAD') delete kept['content-length']
  // The requested authority is part of the target URI, and so of the cache key; the instance that
  // answers is not.
  if (request.headers.host !== undefined) kept.host = request.headers.host
  // Overwritten, not appended: a client's claims about itself are not forwarded as facts.
  kept['x-forwarded-for'] = request.socket.remoteAddress
  kept['x-forwarded-host'] = request.headers.host
  kept['x-forwarded-proto'] = 'http'
  // A malformed context is no context (W3C Trace Context, 3.2). Baggage of the internet may be
  // anything, and the suite has no use for it.
  if (trace['traceparent'] !== undefined || parseTraceparent(kept['traceparent']) === undefined) {
    delete kept['traceparent']
    delete kept['tracestate']
  }
  delete kept['baggage']
  return { ...kept, ...trace }
}

/**
 * Removes the fields of one connection, including those that `Connection` names (RFC 9110, section
 * 7.6.1).
 */
export function withoutHopByHop (headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const kept = { ...headers }
  for (const name of [...NOT_SENT_ON, ...namedBy(headers.connection)]) delete kept[name]
  return kept
}

/** Node gives one string, undici a list if the field came more than once. */
const namedBy = (connection: string | readonly string[] | undefined): string[] =>
  [connection ?? []]
    .flat()
    .flatMap((value) => value.split(','))
    .map((name) => name.trim().toLowerCase())
