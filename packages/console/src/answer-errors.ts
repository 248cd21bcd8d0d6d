import '@weir/fastify/response-cache'
import { sendProblem } from '@weir/fastify/service'
import type { FastifyError, FastifyInstance } from 'fastify'

/**
 * Answers errors of the console with problem documents. Other errors, such as those thrown by
 * `authorize` or by hooks of the application, go to the application's error handler. Responses are
 * private unless declared otherwise, because they are meant for authorized clients.
 */
export function answerErrors (app: FastifyInstance): void {
  app.setErrorHandler<FastifyError>(async (error, request, reply) => {
    const isOwn = /^(?:CONSOLE|STATS)_/.test(error.code ?? '') || error.validation !== undefined
    // The enclosing scope has an error handler, which runs next.
    if (!isOwn) throw error
    sendProblem(error, request, reply)
    return reply
  })
  app.addHook('onSend', async (request, reply) => {
    // The response cache does not store private responses; it answers only after `authorize`.
    const isShared = app.hasDecorator('responseCache') && request.routeOptions.config.cache
    if (!isShared && !reply.hasHeader('cache-control')) reply.header('cache-control', 'private, no-cache')
  })
}
