import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { type Test } from 'tap'

/** Server in place of Open-Meteo, controlled by a test. */
export interface UpstreamServer {
  readonly url: string
  /** Handler of the next requests. */
  answer: RequestListener
  /** Targets of the requests so far. */
  readonly calls: string[]
  readonly connections: number
  /** Maximum number of concurrent requests. */
  readonly mostAtOnce: number
}

export async function startUpstream (t: Test, answer: RequestListener): Promise<UpstreamServer> {
  const seen = { connections: 0, open: 0, mostAtOnce: 0 }
  const server = createServer((request, response) => {
    upstream.calls.push(request.url ?? '')
    seen.mostAtOnce = Math.max(seen.mostAtOnce, ++seen.open)
    response.once('close', () => { seen.open-- })
    upstream.answer(request, response)
  })
  server.on('connection', () => { seen.connections++ })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') {
    throw new Error('a TCP server without a port')
  }
  const upstream: UpstreamServer = {
    url: `http://127.0.0.1:${address.port}`,
    answer,
    calls: [],
    get connections () { return seen.connections },
    get mostAtOnce () { return seen.mostAtOnce }
  }
  return upstream
}

/** Answers with JSON; text is sent unchanged. */
export const json =
  (body: unknown, status = 200, headers: Record<string, string> = {}): RequestListener =>
    (_request, response) => {
      response
        .writeHead(status, { 'content-type': 'application/json', ...headers })
        .end(typeof body === 'string' ? body : JSON.stringify(body))
    }

/** Answers each request with the next handler, and the rest with the last one. */
export function inTurn (...answers: RequestListener[]): RequestListener {
  let turn = 0
  return (request, response) => {
    answers[Math.min(turn++, answers.length - 1)]?.(request, response)
  }
}

/** Ends the connection without a response. */
export const drop: RequestListener = (request) => { request.socket.destroy() }

/** Never answers. */
export const silence: RequestListener = () => {}

/** Declares a longer body than it sends. */
export const truncate: RequestListener = (request, response) => {
  response.writeHead(200, { 'content-length': '1000' })
  response.write('{"a":', () => { request.socket.destroy() })
}
