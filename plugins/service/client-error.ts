import { type Server, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'

type Answer = readonly [status: number, detail: string, code?: string]

const TOO_LONG: Answer = [414, 'The address is too long: send less than 8 KiB.']
const NOT_HTTP: Answer = [400, 'This is not an HTTP/1.1 request.']
const NO_METHOD: Answer = [501, 'No route supports this method.', 'WEIR_ERR_METHOD_NOT_IMPLEMENTED']
const NO_VERSION: Answer = [
  505,
  'This version of HTTP is not supported: use HTTP/1.1.',
  'WEIR_ERR_HTTP_VERSION'
]

const answers: Readonly<Record<string, (firstLine: string) => Answer>> = {
  ERR_HTTP_REQUEST_TIMEOUT: () => [408, 'The request did not arrive in time: send it again.'],
  // The parser counts the address as part of the header fields.
  HPE_HEADER_OVERFLOW: (line) =>
    /^[A-Z-]+ [^ ]{8192}/.test(line)
      ? TOO_LONG
      : [431, 'The header fields are too large: send less.'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: () => [413, 'The chunk extensions are too large: send none.'],
  HPE_INVALID_METHOD: (line) =>
    /^[!#$%&'*+.^_`|~\w-]+ \S+ HTTP\/\d/.test(line) ? NO_METHOD : NOT_HTTP,
  HPE_INVALID_VERSION: (line) => (/ HTTP\/\d+(?:\.\d+)?$/.test(line) ? NO_VERSION : NOT_HTTP)
}

/**
 * Answers data that is not an HTTP request, and therefore has no route, no request id and no log
 * line.
 */
export function answerClientError (
  error: Error & { code?: string; rawPacket?: unknown },
  socket: Duplex
): void {
  const { code = 'BAD_REQUEST', rawPacket } = error
  if (code === 'ECONNRESET' || !socket.writable || isAnswering(socket)) {
    socket.destroy()
    return
  }
  const [firstLine = ''] = (Buffer.isBuffer(rawPacket) ? rawPacket.toString('latin1') : '').split(
    '\r\n',
    1
  )
  refuse(socket, code, answers[code]?.(firstLine) ?? NOT_HTTP)
}

/**
 * Answers CONNECT, for which Node would close the connection: it is for proxies (RFC 9110 9.3.6).
 */
export function answerConnect (server: Pick<Server, 'on'>): void {
  server.on('connect', (_request, socket) => {
    refuse(socket, 'WEIR_ERR_METHOD_NOT_IMPLEMENTED', NO_METHOD)
  })
}

/**
 * Returns whether a response has started, into which an error would be inserted. Node stores it
 * with its socket.
 */
function isAnswering (socket: Duplex): boolean {
  const response: unknown = Reflect.get(socket, '_httpMessage')
  return (
    typeof response === 'object' &&
    response !== null &&
    'headersSent' in response &&
    response.headersSent === true
  )
}

/** @param parserCode the code of an answer that has none of its own */
function refuse (
  socket: Duplex,
  parserCode: string,
  [status, detail, code = parserCode]: Answer
): void {
  const title = STATUS_CODES[status] ?? 'Error'
  const body = JSON.stringify({ type: 'about:blank', title, status, detail, code })
  socket.end(
    [
      `HTTP/1.1 ${status} ${title}`,
      `Date: ${new Date().toUTCString()}`,
      'Content-Type: application/problem+json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Connection: close',
      '',
      body
    ].join('\r\n'),
    () => {
      socket.destroy()
    }
  )
}
