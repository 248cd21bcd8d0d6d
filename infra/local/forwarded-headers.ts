import { type IncomingHttpHeaders } from 'node:http'

/** Of a request, what the headers sent on depend on. */
export interface ClientRequest {
  readonly method: string
  readonly headers: IncomingHttpHeaders
  readonly socket: { readonly remoteAddress?: string | undefined }
}

// 'expect' is settled by the front door's own HTTP server.
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
 * The headers an instance gets: the client's, and who the client is as the front door itself saw
 * it.
 */
export function forwardedHeaders (
  request: ClientRequest,
  headers: IncomingHttpHeaders
): IncomingHttpHeaders {
  const kept = withoutHopByHop({ ...headers, connection: request.headers.connection })
  // The body of a GET or HEAD means nothing (RFC 9110, section 9.3.1) and is not sent on: nor may
  // its length be.
  if (request.method === 'GET' || request.method === 'HEAD') delete kept['content-length']
  // The authority the client asked for is part of the target URI, and so of the cache key; which
  // instance answers is not.
  if (request.headers.host !== undefined) kept.host = request.headers.host
  // Overwritten, not appended: what a client claims about itself is not passed on as if it were
  // known.
  kept['x-forwarded-for'] = request.socket.remoteAddress
  kept['x-forwarded-host'] = request.headers.host
  kept['x-forwarded-proto'] = 'http'
  return kept
}

/**
 * The fields that are about the message. Those about one connection, and those that `Connection`
 * names, stay on that connection (RFC 9110, section 7.6.1).
 */
export function withoutHopByHop (headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const kept = { ...headers }
  for (const name of [...NOT_SENT_ON, ...namedBy(headers.connection)]) delete kept[name]
  return kept
}

/** Node gives one text, undici a list where the field came more than once. */
const namedBy = (connection: string | readonly string[] | undefined): string[] =>
  [connection ?? []]
    .flat()
    .flatMap((value) => value.split(','))
    .map((name) => name.trim().toLowerCase())
