import { createServer } from 'node:http'
import { once } from 'node:events'
import type { Test } from 'tap'

/** A server of the test; `hold` delays answers after their content is fixed. */
export interface Origin {
  readonly port: number
  readonly url: string
  requests: number
  /** Awaited between reading the version and answering, if set. */
  hold: Promise<void> | undefined
  /** Resolves when a held request has read its version. */
  held: Promise<void>
}

/** Starts an origin whose response to any path is made by `read`. */
export async function startOrigin (
  t: Test,
  read: (path: string) => { body: string, headers: Record<string, string | readonly string[]> }
): Promise<Origin> {
  let reached = () => {}
  const server = createServer((request, response) => {
    const answer = async () => {
      origin.requests++
      const { body, headers } = read(request.url ?? '/')
      reached()
      await origin.hold
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
      response.end(body)
    }
    answer().catch((error: unknown) => { response.destroy(new Error(String(error))) })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => new Promise((resolve) => {
    server.close(resolve)
    server.closeAllConnections()
  }))
  const address = server.address()
  const port = typeof address === 'object' ? address?.port ?? 0 : 0
  const origin: Origin = {
    port,
    url: `http://127.0.0.1:${port}`,
    requests: 0,
    hold: undefined,
    held: new Promise((resolve) => { reached = resolve })
  }
  return Object.defineProperty(origin, 'held', {
    get: () => new Promise<void>((resolve) => { reached = resolve })
  })
}
