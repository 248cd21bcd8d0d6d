import type { FastifyRequest } from 'fastify'
import { CONSOLE_ERR_FORBIDDEN } from './errors.js'

/**
 * An action that a client of the console asks for: `view` figures, `inspect` keys, entries and
 * clients, `invalidate` entries.
 */
export type Action = 'view' | 'inspect' | 'invalidate'

/**
 * Decides whether the client of a request may do something: only `true` allows it. An error that it
 * throws is the answer. It runs after all onRequest hooks, so they may say who the client is.
 *
 * @example
 * const authorize: Authorize = (request, action) =>
 *   action === 'view' || request.user?.role === 'admin'
 */
export type Authorize = (request: FastifyRequest, action: Action) => boolean | Promise<boolean>

/** A hook, onRequest or preParsing, that refuses requests of clients that may not do this. */
export const guard = (authorize: Authorize, action: Action) =>
  async (request: FastifyRequest): Promise<void> => {
    // A promise that was not awaited, or a header that happened to be there, allows nothing.
    const isAllowed: unknown = await authorize(request, action)
    if (isAllowed !== true) throw new CONSOLE_ERR_FORBIDDEN(action)
  }
