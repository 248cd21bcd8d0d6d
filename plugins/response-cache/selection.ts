import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify'
import { type KeyFunction, keyOf } from './key.js'
import type { RouteCacheOptions } from './options.js'
import { declaredNames, hasQuerySchema, queryOf } from './query.js'
import { REFRESH } from './refresh.js'
import { toldVariance } from './told-variance.js'

/** The parts of a request that select a route's response. */
export interface Selection {
  /** Header fields by which they differ, in lower case. */
  readonly vary: readonly string[]
  readonly keyFor: KeyFunction
  /** All that a query may have; undefined: anything. */
  readonly queryNames: readonly string[] | undefined
  /** The No-Vary-Search that says so. */
  readonly noVarySearch: string | undefined
  /** Whether responses may be encoded as a client likes best. */
  readonly encodes: boolean
}

/**
 * Makes the function that gives a route's selection, from its first request on: by then all plugins
 * are there. Where `@fastify/compress` may encode responses, they differ by what encodings a client
 * takes, also those that have no Vary.
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
    // A browser that has the page without it must ask for the one with it.
    const told = refresh === undefined ? queryNames : queryNames && [...queryNames, REFRESH]
    const noVarySearch = custom === undefined ? toldVariance(request.server, told) : undefined
    selection = { vary: names, keyFor, queryNames, noVarySearch, encodes }
    return selection
  }
}

/**
 * Whether the application's router takes `/a/` for `/a`: newer options are below `routerOptions`.
 */
export const ignoresFinalSlash = ({
  initialConfig: { routerOptions, ignoreTrailingSlash }
}: FastifyInstance): boolean => routerOptions?.ignoreTrailingSlash ?? ignoreTrailingSlash ?? false

/**
 * Whether queries are validated as JSON Schema has it: what a compiler of the application's makes
 * of a schema only it knows.
 */
function isByAjv (request: FastifyRequest): boolean {
  const validate = request.getValidationFunction('querystring')
  return validate === undefined || 'schema' in validate
}
