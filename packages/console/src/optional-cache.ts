import '@weir/fastify/response-cache'
import type { FastifyInstance } from 'fastify'

/**
 * Takes `config.cache` from the routes of this scope where no `@weir/fastify/response-cache` is
 * registered: other plugins of `@weir/fastify` refuse a declaration that nothing enforces.
 */
export function useCacheIfAny (app: FastifyInstance): void {
  if (app.hasDecorator('responseCache')) return
  app.addHook('onRoute', (route) => {
    const { cache, ...config } = route.config ?? {}
    if (cache !== undefined) route.config = config
  })
}
