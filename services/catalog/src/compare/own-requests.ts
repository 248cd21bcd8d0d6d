import { type FastifyInstance } from 'fastify'

/**
 * Address of the application's requests to itself. Clients cannot have it: no packet comes from
 * 100::/64 (RFC 6666).
 */
export const OWN_ADDRESS = '100::1'

/**
 * Excludes requests from OWN_ADDRESS from the clients' counters. Register it before routes, whose
 * hooks count and run after it.
 */
export function markOwnRequests (app: FastifyInstance): void {
  app.addHook('onResponse', (request, _reply, done) => {
    if (request.socket.remoteAddress === OWN_ADDRESS) {
      request.cacheResult = { outcome: 'refill', cost: 0 }
    }
    done()
  })
}
