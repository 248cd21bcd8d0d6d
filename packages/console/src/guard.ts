import type { FastifyRequest, onRequestAsyncHookHandler } from 'fastify'
import { CONSOLE_ERR_FORBIDDEN } from './errors.js'

/**
 * An action that a client of the console asks for: `view` figures, `inspect` keys, entries and
 * clients, `invalidate` entries.
 */
export type Action = 'view' | 'inspect' | 'invalidate'

/**
 * Decides whether the client of a request may do something. An error that it throws is the answer.
 *
 * @example
 * const authorize: Authorize = (request, action) =>
 *   action === 'view' || request.user?.role === 'admin'
 */
export type Authorize = (request: FastifyRequest, action: Action) => boolean | Promise<boolean>

/** The hook that refuses requests of clients that may not do this. */
export const guard = (authorize: Authorize, action: Action): onRequestAsyncHookHandler =>
  async (request) => {
    if (!(await authorize(request, action))) throw new CONSOLE_ERR_FORBIDDEN(action)
  }
