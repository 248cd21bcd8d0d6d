import type { FastifyRequest, RouteHandlerMethod } from 'fastify'
import type { CaptureOptions } from './capture.js'
import { Finder } from './finding.js'
import { Handling } from './handling.js'
import { cookiesOfHooks, leftForOnSend } from './left-for-on-send.js'
import type { CachedRoute } from './ongoing-fill.js'
import type { Selection } from './selection.js'

export interface CachedHandlerOptions extends CaptureOptions {
  readonly route: CachedRoute
  readonly selectionOf: (request: FastifyRequest) => Selection
}

/**
 * Wraps the handler of a cached route. Only the handler is replaced: access checks, validation and
 * other hooks run for a hit as for a miss.
 */
export function cachedHandler (
  options: CachedHandlerOptions,
  handler: RouteHandlerMethod
): RouteHandlerMethod {
  const { cache, route, credentialsOf, selectionOf } = options
  const {
    options: { requestDirectives, setCookie }
  } = route
  const context = {
    options,
    handler,
    finder: new Finder({ cache, route, credentialsOf }),
    mayAsk: requestDirectives !== false,
    leftByHooks: setCookie === 'store' ? cookiesOfHooks : leftForOnSend
  }
  return function (request, reply) {
    return new Handling(context, this, request, reply, selectionOf(request)).answer()
  }
}
