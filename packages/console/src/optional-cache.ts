import '@weir/fastify/response-cache'
import type { FastifyInstance } from 'fastify'

/**
 * Removes `config.cache` from the routes of this scope if `@weir/fastify/response-cache` is not
 * registered: other plugins of `@weir/fastify` reject a declaration that nothing enforces.
 */
export function useCacheIfAny (app: FastifyInstance): void {
  if (app.hasDecorator('responseCache')) return
  app.addHook('onRoute', (route) => {
    const { cache, ...config } = route.config ?? {}
    if (cache !== undefined) route.config = config
  })
}
