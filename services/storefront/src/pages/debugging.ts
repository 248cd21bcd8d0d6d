import { type FastifyInstance, type FastifyRequest } from 'fastify'
import { type StorefrontEnv } from '../env.js'
import { isAdmin } from '../session.js'

declare module 'fastify' {
  interface FastifyRequest {
    /**
     * True if the request asks for the debug panel, and may see it. For others `?debug=cache` has
     * no effect.
     */
    isDebugged: boolean
  }
}

/**
 * Registers `request.isDebugged`, which is set before the response cache decides whether to answer.
 */
export function registerDebugging (app: FastifyInstance, { DEBUG_PANEL }: StorefrontEnv): void {
  app.decorateRequest('isDebugged', false)
  app.addHook('onRequest', (request, _reply, done) => {
    const { query } = request
    const isObject = typeof query === 'object' && query !== null
    // A repeated parameter is an array, and therefore another value.
    if (isObject && 'debug' in query && query.debug === 'cache') {
      request.isDebugged = DEBUG_PANEL || isAdmin(request)
    }
    done()
  })
}

export const isDebugged = (request: FastifyRequest): boolean => request.isDebugged
