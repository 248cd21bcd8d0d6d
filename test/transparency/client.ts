import { Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { connect } from 'node:http2'
import { Agent as TlsAgent, request as httpsRequest } from 'node:https'
import type { Answer, Headers, Outgoing } from './exchange.js'
import { within } from './within.js'

/** Sends requests to one twin over one connection. */
export interface Client {
  readonly send: (request: Outgoing) => Promise<Answer>
  readonly close: () => void
}

/** The address of a twin. */
export interface Address {
  readonly port?: number
  /** A Unix socket, if there is no port. */
  readonly socketPath?: string
}

/** The authority of all requests: the port would distinguish the twins. */
export const AUTHORITY = 'shop.test'

// Milliseconds.
const TIMEOUT = 2000
const NO_ANSWER = 'no answer in time'
const NOTHING = Buffer.alloc(0)

/**
 * Sends a request, and substitutes a response after a timeout: an upgraded connection has no
 * timeout of its own.
 */
export function sendInTime (client: Client, request: Outgoing): Promise<Answer> {
  return within(TIMEOUT + 500, client.send(request), failed(NO_ANSWER))
}

const failed = (error: string): Answer => ({ status: 0, headers: {}, body: NOTHING, error })

/** Creates a client of HTTP/1.1, with or without TLS. */
export function http1Client (address: Address, isTls: boolean): Client {
  const options = { keepAlive: true, maxSockets: 1 }
  const agent = isTls
    ? new TlsAgent({ ...options, rejectUnauthorized: false, servername: 'localhost' })
    : new Agent(options)
  return {
    close: () => { agent.destroy() },
    send: ({ method, path, headers, body }) => new Promise((resolve) => {
      const make = isTls ? httpsRequest : httpRequest
      const host =
        address.socketPath === undefined
          ? { host: '127.0.0.1', port: address.port ?? 0 }
          : { socketPath: address.socketPath }
      // An upgraded connection no longer belongs to the agent.
      const own =
        headers['upgrade'] === undefined ? { agent } : { agent: false, rejectUnauthorized: false }
      const request = make(
        {
          ...host,
          ...own,
          method,
          path,
          headers: { host: AUTHORITY, ...headers },
          timeout: TIMEOUT
        },
        (response) => {
          const chunks: Buffer[] = []
          response.on('data', (chunk: Buffer) => {
            chunks.push(chunk)
          })
          response.on('error', (error) => {
            resolve(failed(error.message))
          })
          response.on('end', () => {
            resolve({
              status: response.statusCode ?? 0,
              headers: headersOf(response.headers),
              body: Buffer.concat(chunks)
            })
          })
        }
      )
      request.on('upgrade', (response, socket) => {
        socket.destroy()
        resolve({ status: response.statusCode ?? 0, headers: {}, body: NOTHING })
      })
      request.on('timeout', () => request.destroy(new Error(NO_ANSWER)))
      request.on('error', (error) => { resolve(failed(error.message)) })
      request.on('close', () => { resolve(failed('closed')) })
      request.end(body)
    })
  }
}

/** Creates a client of HTTP/2 over TLS. */
export function http2Client ({ port = 0 }: Address): Client {
  const session = connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false })
  // Each request reports it.
  session.on('error', () => {})
  return {
    close: () => { session.close() },
    send: ({ method, path, headers, body }) => new Promise((resolve) => {
      const stream = session.request(
        { ':method': method, ':path': path, ':authority': AUTHORITY, ...headers },
        { endStream: body === undefined }
      )
      const chunks: Buffer[] = []
      let status = 0
      let answered: Headers = {}
      stream.setTimeout(TIMEOUT, () => { stream.destroy(new Error(NO_ANSWER)) })
      stream.on('response', (response) => {
        status = response[':status'] ?? 0
        answered = headersOf(response)
      })
      stream.on('data', (chunk: Buffer) => { chunks.push(chunk) })
      stream.on('error', (error: Error) => { resolve(failed(error.message)) })
      stream.on('close', () => {
        resolve(
          status === 0
            ? failed('closed')
            : { status, headers: answered, body: Buffer.concat(chunks) }
        )
      })
      if (body !== undefined) stream.end(body)
    })
  }
}

function headersOf (given: IncomingHttpHeaders): Headers {
  const headers: Record<string, string | readonly string[]> = {}
  for (const [name, value] of Object.entries(given)) {
    if (value !== undefined && !name.startsWith(':')) {
      headers[name] = typeof value === 'number' ? String(value) : value
    }
  }
  return headers
}
