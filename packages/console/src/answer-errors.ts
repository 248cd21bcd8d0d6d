import '@weir/fastify/response-cache'
import { sendProblem } from '@weir/fastify/service'
import type { FastifyError, FastifyInstance } from 'fastify'

/**
 * Answers errors of the console as problem documents. Others, such as those of `authorize` and of
 * the application's hooks, go to the error handler of the application. Responses are private unless
 * something else says so: they are for clients that are authorized.
 */
export function answerErrors (app: FastifyInstance): void {
  app.setErrorHandler<FastifyError>(async (error, request, reply) => {
    const isOwn = /^(?:CONSOLE|STATS)_/.test(error.code ?? '') || error.validation !== undefined
    // The scope around this one has a handler, which is next.
    if (!isOwn) throw error
    sendProblem(error, request, reply)
    return reply
  })
  app.addHook('onSend', async (request, reply) => {
    // The response cache stores no private response; it answers behind `authorize`.
    const isShared = app.hasDecorator('responseCache') && request.routeOptions.config.cache
    if (!isShared && !reply.hasHeader('cache-control')) reply.header('cache-control', 'private, no-cache')
  })
}
