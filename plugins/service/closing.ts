import type { FastifyInstance } from 'fastify'

/** How long requests in flight have once closing began, in ms; `start` gives the whole close 1.4 s. */
const grace = 1000

/**
 * Makes `app.close()` end in time. Node closes the connections that are idle when closing begins; one that answers a request after that, or
 * on which none ever came (browsers open such), would hold it for as long as keep-alive lasts.
 */
export function closing (app: FastifyInstance): void {
  let sweep: NodeJS.Timeout | undefined
  let end: NodeJS.Timeout | undefined
  app.addHook('preClose', async () => {
    sweep = setInterval(() => { app.server.closeIdleConnections() }, 20)
    end = setTimeout(() => { app.server.closeAllConnections() }, grace)
  })
  app.server.on('close', () => {
    clearInterval(sweep)
    clearTimeout(end)
  })
}
