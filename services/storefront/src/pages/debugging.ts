import { type FastifyInstance, type FastifyRequest } from 'fastify'
import { type StorefrontEnv } from '../env.js'
import { isAdmin } from '../session.js'

declare module 'fastify' {
  interface FastifyRequest {
    /**
     * The request asks for the debug panel, and may see it. For all others `?debug=cache` is not
     * there.
     */
    isDebugged: boolean
  }
}

/**
 * Registers `request.isDebugged`, which is known before the response cache asks whether to answer.
 */
export function registerDebugging (app: FastifyInstance, { DEBUG_PANEL }: StorefrontEnv): void {
  app.decorateRequest('isDebugged', false)
  app.addHook('onRequest', (request, _reply, done) => {
    if (/[?&]debug=cache(?:&|$)/.test(request.url)) {
      request.isDebugged = DEBUG_PANEL || isAdmin(request)
    }
    done()
  })
}

export const isDebugged = (request: FastifyRequest): boolean => request.isDebugged
