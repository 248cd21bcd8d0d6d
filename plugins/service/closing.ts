import { setTimeout as wait } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Returns whether this instance is shutting down: true from the beginning of a drain, or of
     * `close()`.
     */
    isClosing (): boolean
    /**
     * Announces the shutdown for this many milliseconds, in which all requests are still answered:
     * readiness fails, so that load balancers move traffic elsewhere, and each response closes its
     * connection. Then call `close()`.
     */
    drain (ms: number): Promise<void>
  }
}

/**
 * Milliseconds that requests in flight have after closing began; `start` gives the whole close 1.4
 * s.
 */
const grace = 1000

/**
 * Limits the duration of `app.close()`, and adds `app.isClosing()` and `app.drain()`. The plugin
 * `@weir/fastify/service` calls it; an application without it, such as a proxy, calls it before it
 * declares routes.
 *
 * Node closes connections that are idle when closing begins; one that answers a request after that,
 * or on which no request ever arrived (browsers open such), would delay the close for the
 * keep-alive timeout.
 */
export function closing (app: FastifyInstance): void {
  let isClosing = false
  app.decorate('isClosing', () => isClosing)
  app.decorate('drain', async (ms: number) => {
    isClosing = true
    await wait(ms)
  })
  app.addHook('onRequest', (_request, reply, done) => {
    if (isClosing) reply.header('connection', 'close')
    done()
  })

  let sweep: NodeJS.Timeout | undefined
  let end: NodeJS.Timeout | undefined
  app.addHook('preClose', async () => {
    isClosing = true
    sweep = setInterval(() => { app.server.closeIdleConnections() }, 20)
    end = setTimeout(() => { app.server.closeAllConnections() }, grace)
  })
  app.server.on('close', () => {
    clearInterval(sweep)
    clearTimeout(end)
  })
}
