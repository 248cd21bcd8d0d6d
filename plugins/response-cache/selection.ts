import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify'
import { type KeyFunction, keyOf } from './key.js'
import type { RouteCacheOptions } from './options.js'
import { declaredNames, hasQuerySchema, queryOf } from './query.js'
import { REFRESH } from './refresh.js'
import { toldVariance } from './told-variance.js'

/** Parts of a request that select a route's response. */
export interface Selection {
  /** Header fields by which responses differ, in lower case. */
  readonly vary: readonly string[]
  readonly keyFor: KeyFunction
  /** All allowed parameters of a query; undefined: any. */
  readonly queryNames: readonly string[] | undefined
  /** No-Vary-Search that declares them. */
  readonly noVarySearch: string | undefined
  /** Whether responses may be encoded as the client prefers. */
  readonly encodes: boolean
}

/**
 * Returns the function for a route's selection, computed on its first request, when all plugins are
 * registered. If `@fastify/compress` may encode responses, they differ by the encodings that a
 * client accepts, even without Vary.
 */
export function selectionOf (
  route: RouteOptions,
  { vary = [], key: custom, refresh }: RouteCacheOptions,
  origin: string | undefined
): (request: FastifyRequest) => Selection {
  let selection: Selection | undefined
  return (request) => {
    if (selection !== undefined) return selection
    const encodes = request.server.hasReplyDecorator('compress')
    const names = [
      ...new Set([
        ...vary.map((name) => name.toLowerCase()),
        ...(encodes ? ['accept-encoding'] : [])
      ])
    ]
    const queryNames = isByAjv(request) ? declaredNames(route) : undefined
    const slash = !ignoresFinalSlash(request.server)
    const queryText = queryOf(route, queryNames)
    const keyFor = keyOf({
      origin,
      slash,
      vary: names,
      custom,
      queryText,
      hasQuerySchema: hasQuerySchema(route),
      route
    })
    // A browser that has the page without the parameter must still send the request with it.
    const told = refresh === undefined ? queryNames : queryNames && [...queryNames, REFRESH]
    const noVarySearch = custom === undefined ? toldVariance(request.server, told) : undefined
    selection = { vary: names, keyFor, queryNames, noVarySearch, encodes }
    return selection
  }
}

/**
 * Returns whether the application's router treats `/a/` as `/a`: newer options are in
 * `routerOptions`.
 */
export const ignoresFinalSlash = ({
  initialConfig: { routerOptions, ignoreTrailingSlash }
}: FastifyInstance): boolean => routerOptions?.ignoreTrailingSlash ?? ignoreTrailingSlash ?? false

/**
 * Returns whether queries are validated as JSON Schema defines: the effect of an application's own
 * compiler is unknown.
 */
function isByAjv (request: FastifyRequest): boolean {
  const validate = request.getValidationFunction('querystring')
  return validate === undefined || 'schema' in validate
}
