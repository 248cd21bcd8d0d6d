import { type FastifyInstance } from 'fastify'

/**
 * Where requests of the application to itself say they come from. Nobody else can: nothing is sent
 * from 100::/64 (RFC 6666).
 */
export const OWN_ADDRESS = '100::1'

/**
 * Has requests from OWN_ADDRESS counted as no client's. Routes count theirs in hooks of their own,
 * which run after it.
 */
export function markOwnRequests (app: FastifyInstance): void {
  app.addHook('onResponse', (request, _reply, done) => {
    if (request.socket.remoteAddress === OWN_ADDRESS) {
      request.cacheResult = { outcome: 'refill', cost: 0 }
    }
    done()
  })
}
