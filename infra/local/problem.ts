import { STATUS_CODES } from 'node:http'
import { type Duplex } from 'node:stream'
import { type FastifyReply } from 'fastify'

/** The body of an error from the front door: problem details (RFC 9457). */
const document = (status: number, code: string, detail: string): string =>
  JSON.stringify({ type: 'about:blank', title: STATUS_CODES[status], status, detail, code })

/**
 * Answers with problem details, as bytes: Fastify would add a charset to text, which the media type
 * does not have.
 */
export function problem (
  reply: FastifyReply,
  status: number,
  code: string,
  detail: string
): FastifyReply {
  return reply
    .code(status)
    .type('application/problem+json')
    .header('cache-control', 'no-store')
    .send(Buffer.from(document(status, code, detail)))
}

/** The parameters of a problem, in the order of `problem`. */
export type Refusal = readonly [status: number, code: string, detail: string]

const REFUSALS: Readonly<Record<string, Refusal>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [
    408,
    'WEIR_ERR_REQUEST_TIMEOUT',
    'The request did not arrive in time: send it again.'
  ],
  HPE_HEADER_OVERFLOW: [
    431,
    'WEIR_ERR_HEADERS_TOO_LARGE',
    'The header fields exceed 16 KiB.'
  ],
  HPE_INVALID_METHOD: [501, 'WEIR_ERR_METHOD_NOT_IMPLEMENTED', 'This method is unknown.'],
  HPE_INVALID_VERSION: [505, 'WEIR_ERR_HTTP_VERSION', 'Send HTTP/1.1 or HTTP/1.0.']
}

const TOO_LONG: Refusal = [
  414,
  'WEIR_ERR_TARGET_TOO_LONG',
  'The request line exceeds 8 KiB.'
]

/** Answers a request that Node's server could not parse. */
export function refuseClient (
  error: Error & { code?: string; rawPacket?: unknown },
  socket: Duplex
): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const packet = Buffer.isBuffer(error.rawPacket) ? error.rawPacket.toString('latin1') : ''
  const isRequest = error.code !== 'HPE_INVALID_METHOD' || /^[!-~]+ \S+ HTTP\//.test(packet)
  // The parser counts the target among the header fields.
  const isTarget = error.code === 'HPE_HEADER_OVERFLOW' && /^\S+ [^ ]{8192}/.test(packet)
  const refusal = isTarget ? TOO_LONG : isRequest ? REFUSALS[error.code ?? ''] : undefined
  refuse(socket, refusal ?? [400, 'WEIR_ERR_BAD_REQUEST', 'This is not an HTTP/1.1 request.'])
}

/** Answers on a connection without a response object, and ends it. */
export function refuse (
  socket: Duplex,
  [status, code, detail]: Refusal,
  fields: readonly string[] = []
): void {
  const body = document(status, code, detail)
  socket.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      'Content-Type: application/problem+json',
      'Cache-Control: no-store',
      `Content-Length: ${Buffer.byteLength(body)}`,
      ...fields,
      'Connection: close',
      '',
      body
    ].join('\r\n')
  )
}
