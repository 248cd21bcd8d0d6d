import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { json } from 'node:stream/consumers'
import { type Fault, Faults, isFault } from './faults.js'
import { forecast, Refused } from './forecast.js'
import { search } from './search.js'

export interface SimulatorOptions {
  readonly host?: string
  /** Default: any free port. */
  readonly port?: number
  /** The simulator's clock. Default: the machine's. */
  readonly now?: () => number
}

/** A running simulator of Open-Meteo's forecast and geocoding. */
export interface Simulator {
  readonly url: string
  readonly faults: Faults
  /** Targets of all requests so far except those to `/_control`, oldest first. */
  readonly calls: readonly string[]
  /** Number of requests that arrived while another one for the same target was unanswered. */
  readonly overlaps: number
  close (): Promise<void>
}

const ENDPOINTS: Readonly<
  Record<string, (query: URLSearchParams, now: number) => Record<string, unknown>>
> = {
  '/v1/forecast': forecast,
  '/v1/search': search
}
const CONTROL = '/_control'

/** Starts a simulator; other processes use `/_control`, described in the README. */
export async function startSimulator ({
  host = '127.0.0.1',
  port = 0,
  now = Date.now
}: SimulatorOptions = {}): Promise<Simulator> {
  const faults = new Faults()
  const calls: string[] = []
  const open = new Map<string, number>()
  let overlaps = 0

  const server = createServer((request, response) => {
    // Ages are counted by the simulator's clock.
    response.setHeader('date', new Date(now()).toUTCString())
    const target = request.url ?? '/'
    if (target.startsWith(CONTROL)) {
      control(request, response).catch(() => {
        response.destroy()
      })
      return
    }
    calls.push(target)
    const others = open.get(target) ?? 0
    if (others > 0) overlaps++
    open.set(target, others + 1)
    response.once('close', () => {
      open.set(target, (open.get(target) ?? 1) - 1)
    })
    answer(request, response, faults.take(target), now)
  })

  async function control (request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === 'DELETE') faults.clear()
    if (request.method === 'POST') {
      const fault: unknown = await json(request).catch(() => undefined)
      if (!isFault(fault)) {
        send(response, 400, {
          error: true,
          reason:
            'Not a fault: use a kind, one of latency, status, drop, truncate, malformed, body'
        })
        return
      }
      faults.add(fault)
    }
    send(response, 200, { faults: faults.list(), calls: counted(calls), overlaps })
  }

  server.listen(port, host)
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') {
    throw new Error('a TCP server without a port')
  }
  return {
    url: `http://${host}:${address.port}`,
    faults,
    calls,
    get overlaps () {
      return overlaps
    },
    async close () {
      if (!server.listening) return
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    }
  }
}

function answer (
  request: IncomingMessage,
  response: ServerResponse,
  fault: Fault | undefined,
  now: () => number
): void {
  switch (fault?.kind) {
    case 'drop':
      request.socket.destroy()
      return
    case 'status':
      if (fault.retryAfter !== undefined) response.setHeader('retry-after', fault.retryAfter)
      send(response, fault.status ?? 500, { error: true, reason: 'A requested fault.' })
      return
    case 'body':
      sendText(response, 200, fault.text ?? '')
      return
    case 'latency': {
      const timer = setTimeout(() => {
        answer(request, response, undefined, now)
      }, fault.ms ?? 1000)
      response.once('close', () => {
        clearTimeout(timer)
      })
      return
    }
  }
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://simulator')
  const endpoint = Object.hasOwn(ENDPOINTS, pathname) ? ENDPOINTS[pathname] : undefined
  if (endpoint === undefined || request.method !== 'GET') {
    send(response, 404, { error: true, reason: 'Not Found' })
    return
  }
  let body: string
  try {
    body = JSON.stringify(endpoint(searchParams, now()))
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    send(response, 400, { error: true, reason: error.message })
    return
  }
  const half = body.slice(0, body.length / 2)
  if (fault?.kind === 'malformed') return sendText(response, 200, half)
  if (fault?.kind === 'truncate') {
    response.writeHead(200, {
      'content-type': JSON_TYPE,
      'content-length': Buffer.byteLength(body)
    })
    response.write(half, () => {
      request.socket.destroy()
    })
    return
  }
  const etag = `"${createHash('sha1').update(body).digest('base64url')}"`
  response.setHeader('etag', etag)
  if (request.headers['if-none-match'] === etag) response.writeHead(304).end()
  else sendText(response, 200, body)
}

/** Number of calls per path. */
function counted (targets: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const target of targets) {
    const [path = ''] = target.split('?', 1)
    counts[path] = (counts[path] ?? 0) + 1
  }
  return counts
}

const JSON_TYPE = 'application/json; charset=utf-8'

const send = (response: ServerResponse, status: number, body: unknown) => {
  sendText(response, status, JSON.stringify(body))
}

function sendText (response: ServerResponse, status: number, text: string): void {
  response
    .writeHead(status, { 'content-type': JSON_TYPE, 'content-length': Buffer.byteLength(text) })
    .end(text)
}
