import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'

const known: Readonly<Record<string, [status: number, detail: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request did not arrive in time: send it again.'],
  HPE_HEADER_OVERFLOW: [431, 'The header fields are too large: send less.']
}

/** Answers what is not even an HTTP request, so that it has no route, no request id and no log line. */
export function answerClientError (error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const [status, detail] = known[error.code ?? ''] ?? [400, 'This is not an HTTP/1.1 request.']
  const title = STATUS_CODES[status] ?? 'Error'
  const body = JSON.stringify({ type: 'about:blank', title, status, detail, code: error.code ?? 'BAD_REQUEST' })
  socket.write([
    `HTTP/1.1 ${status} ${title}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    '',
    body
  ].join('\r\n'))
  socket.destroySoon()
}
