import type { FastifyRequest } from 'fastify'
import { CONSOLE_ERR_FORBIDDEN } from './errors.js'

/**
 * An action of a console client: `view` figures, `inspect` keys, entries and clients, or
 * `invalidate` entries.
 */
export type Action = 'view' | 'inspect' | 'invalidate'

/**
 * Decides whether the client of a request may perform an action. Only `true` allows it; a thrown
 * error becomes the response. Called after all onRequest hooks, which may identify the client.
 *
 * @example
 * const authorize: Authorize = (request, action) =>
 *   action === 'view' || request.user?.role === 'admin'
 */
export type Authorize = (request: FastifyRequest, action: Action) => boolean | Promise<boolean>

/** Returns an onRequest or preParsing hook that refuses clients without the permission. */
export const guard = (authorize: Authorize, action: Action) =>
  async (request: FastifyRequest): Promise<void> => {
    // Only `true` counts: neither a promise that was not awaited nor the value of a header allows
    // it.
    const isAllowed: unknown = await authorize(request, action)
    if (isAllowed !== true) throw new CONSOLE_ERR_FORBIDDEN(action)
  }
