import {
  type IncomingMessage,
  type ServerResponse,
  STATUS_CODES,
  validateHeaderName,
  validateHeaderValue
} from 'node:http'
import { Http2ServerResponse } from 'node:http2'
import { Socket } from 'node:net'
import type { Fields } from './head.js'

/**
 * Writes an interim response, status 102 to 199 (RFC 9110, section 15.2), bypassing the methods of
 * the response. Does nothing if the final response has started, if the client has left or does not
 * read, over HTTP/1.0, over HTTP/1.1 from another proxy, and with `inject`. Invalid fields are
 * omitted.
 */
export function writeInterim (
  response: ServerResponse | Http2ServerResponse,
  status: number,
  fields: Fields
): void {
  if (response.headersSent) return
  if (response instanceof Http2ServerResponse) {
    const { stream } = response
    if (stream.destroyed || stream.closed || stream.headersSent) return
    stream.additionalHeaders({ ...Object.fromEntries(linesByName(fields)), ':status': status })
    return
  }
  if (response.req.httpVersion !== '1.1' || isOfProxy(response.req)) return
  const { socket } = response
  const head = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`]
  for (const [name, values] of linesByName(fields)) {
    for (const value of values) head.push(`${name}: ${value}`)
  }
  const text = `${head.join('\r\n')}\r\n\r\n`
  if (socket !== null) write(socket, text)
  // An earlier response of the connection is not complete. Data written by this one is sent after
  // this event.
  else {
    response.once('socket', (socket: unknown) => {
      write(socket, text)
    })
  }
}

const OF_PROXIES = [
  'via',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-real-ip'
] as const

/**
 * Returns whether a request came through another proxy. nginx before 1.29 takes an interim response
 * for the final one, and the rest for the response to its next request, which is another client's
 * (RFC 8297, section 3).
 */
const isOfProxy = ({ headers }: IncomingMessage) =>
  OF_PROXIES.some((name) => headers[name] !== undefined)

/**
 * Writes to a real socket only: `inject` has another kind. Interim responses are not worth memory
 * for a client that does not read.
 */
function write (socket: unknown, text: string): void {
  if (socket instanceof Socket && socket.writable && !socket.writableNeedDrain) {
    socket.write(text, 'latin1')
  }
}

function linesByName (fields: Fields): [name: string, values: string[]][] {
  return Object.entries(fields)
    .map(([name, value]): [string, string[]] => [
      name,
      typeof value === 'string' ? [value] : [...value]
    ])
    .filter(([name, values]) => canBeSent(name, values))
}

function canBeSent (name: string, values: readonly string[]): boolean {
  try {
    validateHeaderName(name)
    for (const value of values) validateHeaderValue(name, value)
    return true
  } catch {
    return false
  }
}
