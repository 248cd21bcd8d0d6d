import { once } from 'node:events'
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse
} from 'node:http'
import { text } from 'node:stream/consumers'
import { type Test } from 'tap'
import { Tally } from './tally.js'

/**
 * Header fields to send; several values become that many field lines, undefined removes a default
 * field.
 */
export type Fields = Readonly<Record<string, string | readonly string[] | undefined>>

/** An interim response: its status and fields. */
export type Interim = readonly [
  status: number,
  fields?: Readonly<Record<string, string | readonly string[]>>
]

/**
 * One response of the origin. A Date is sent unless `headers` has another or undefined, and nothing
 * else by default.
 */
export interface Scripted {
  readonly status?: number
  readonly headers?: Fields
  /** A text is sent with its length. Parts are sent one by one, chunked; promises are awaited. */
  readonly body?: string | Buffer | readonly (string | Buffer | Promise<unknown>)[]
  /** Sent one after the other before the response; promises are awaited. */
  readonly interim?: readonly (Interim | Promise<unknown>)[]
  /** Awaited before anything is sent. */
  readonly after?: Promise<unknown>
  /** The connection ends in place of the end of the response. */
  readonly breaksOff?: true
}

/** A request as received by the origin. */
export interface OriginRequest {
  readonly method: string
  /** Includes the query. */
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** `drop`: the connection ends without a response; `never`: nothing happens. */
export type Answering =
  Scripted | 'drop' | 'never' | ((request: OriginRequest) => Scripted | 'drop' | 'never')

const UNSCRIPTED: Scripted = {
  status: 418,
  headers: { 'cache-control': 'no-store' },
  body: 'the test has scripted no answer to this'
}

/** An origin server with scripted responses, request by request. */
export class Origin {
  readonly #arrived = new Tally()
  readonly #queues = new Map<string, Answering[]>()
  readonly #always = new Map<string, Answering>()
  readonly #requests: OriginRequest[] = []

  constructor (readonly url: string) {}

  /** Answers the next requests for `path` with these, in this order. */
  on (path: string, ...answers: Answering[]): void {
    this.#queues.set(path, [...this.#queues.get(path) ?? [], ...answers])
  }

  /** Answers every request for `path` without another scripted response with this one. */
  always (path: string, answer: Answering): void {
    this.#always.set(path, answer)
  }

  /** The requests for `path` so far. */
  requests (path: string): readonly OriginRequest[] {
    return this.#requests.filter((request) => request.path === path)
  }

  /** Resolves when `count` requests for `path` have arrived in all. */
  received (path: string, count = 1): Promise<void> {
    return this.#arrived.reached(path, count)
  }

  async answer (incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url: path = '', headers } = incoming
    const request = { method, path, headers, body: await text(incoming) }
    this.#requests.push(request)
    this.#arrived.add(path)
    const answering = this.#queues.get(path)?.shift() ?? this.#always.get(path) ?? UNSCRIPTED
    const scripted = typeof answering === 'function' ? answering(request) : answering
    if (scripted === 'never') return
    if (scripted === 'drop') response.destroy()
    else await send(response, scripted, method)
  }
}

async function send (response: ServerResponse, scripted: Scripted, method: string): Promise<void> {
  const { status = 200, headers = {}, body = '', interim = [], after, breaksOff } = scripted
  await after
  for (const part of interim) {
    if (part instanceof Promise) await part
    else sendInterim(response, part)
  }
  response.sendDate = false
  response.statusCode = status
  const bodiless = status === 204 || status === 304
  const whole = typeof body === 'string' || Buffer.isBuffer(body)
  const length = whole && !bodiless ? String(Buffer.byteLength(body)) : undefined
  for (const [name, value] of Object.entries({
    date: new Date().toUTCString(),
    'content-length': length,
    ...headers
  })) {
    if (value !== undefined) response.setHeader(name, value)
  }
  response.flushHeaders()
  const parts = whole ? [body] : body
  for (const part of bodiless || method === 'HEAD' ? [] : parts) {
    if (part instanceof Promise) await part
    else await new Promise((resolve) => { response.write(part, resolve) })
  }
  if (breaksOff === true) response.destroy()
  else response.end()
}

/** Writes an interim response as text: Node can send 102 and 103 only, and checks them. */
function sendInterim ({ socket }: ServerResponse, [status, fields = {}]: Interim): void {
  const lines = Object.entries(fields).flatMap(([name, values]) =>
    [values].flat().map((value) => `${name}: ${value}`)
  )
  socket?.write(`${[`HTTP/1.1 ${status} Interim`, ...lines].join('\r\n')}\r\n\r\n`, 'latin1')
}

/** Starts an origin on a port of its own; it ends with the test. */
export async function startOrigin (t: Test): Promise<Origin> {
  const server = createServer((request, response) => {
    // A proxy that has disconnected is no failure of the origin.
    origin.answer(request, response).catch(() => { response.destroy() })
  }).listen(0, '127.0.0.1')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') {
    throw new Error('a TCP server without a port')
  }
  const origin = new Origin(`http://127.0.0.1:${address.port}`)
  return origin
}
