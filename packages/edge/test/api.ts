import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { Test } from 'tap'

/** A request that the API of a CDN has received. */
export interface Call {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: unknown
  /** Time of arrival on the monotonic clock, in ms. */
  readonly at: number
}

/** The answer of an API; undefined: none at all. */
export interface ApiAnswer {
  readonly status: number
  readonly headers?: Record<string, string>
  readonly body?: unknown
}

/** Starts a server that plays an API as its documentation describes it. */
export async function startApi (t: Test, answer: (call: Call) => ApiAnswer | undefined) {
  const calls: Call[] = []
  const server = createServer((request, response) => {
    let text = ''
    request.on('data', (chunk: Buffer) => { text += chunk.toString() })
    request.on('end', () => {
      const { method = '', url = '', headers } = request
      const body: unknown = text === '' ? undefined : JSON.parse(text)
      const call = { method, url, headers, body, at: performance.now() }
      calls.push(call)
      const given = answer(call)
      if (given === undefined) return
      response.writeHead(given.status, given.headers)
      response.end(given.body === undefined ? '' : JSON.stringify(given.body))
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => new Promise((resolve) => {
    server.close(resolve)
    server.closeAllConnections()
  }))
  const address = server.address()
  return { calls, url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}` }
}
