import { type RouteOptions } from 'fastify'
import { WEIR_ERR_ROUTE_OPTION } from '../errors.js'
import { unfillablePlaceholder } from '../response-cache/tags.js'

/**
 * Checks `config.invalidates` and `config.consistency` of a route.
 * @throws WEIR_ERR_ROUTE_OPTION
 */
export function checkConfig (route: RouteOptions, methods: string, safe: boolean): void {
  const name = `${methods} ${route.url}`
  const consistency: unknown = route.config?.consistency
  if (consistency !== undefined && consistency !== 'strict' && consistency !== 'bounded') {
    throw new WEIR_ERR_ROUTE_OPTION(
      name,
      'consistency',
      `must be 'strict' or 'bounded', not ${JSON.stringify(consistency)}`
    )
  }
  const invalidates: unknown = route.config?.invalidates
  if (invalidates === undefined) return
  if (safe) {
    throw new WEIR_ERR_ROUTE_OPTION(
      name,
      'invalidates',
      'is for unsafe methods: reading invalidates nothing'
    )
  }
  const isList =
    Array.isArray(invalidates) && invalidates.every((tag) => typeof tag === 'string' && tag !== '')
  if (typeof invalidates !== 'function' && !isList) {
    throw new WEIR_ERR_ROUTE_OPTION(
      name,
      'invalidates',
      `must be a list of tags, or a function that returns one, not ${JSON.stringify(invalidates)}`
    )
  }
  const problem = isList ? unfillablePlaceholder(invalidates, route) : undefined
  if (problem !== undefined) throw new WEIR_ERR_ROUTE_OPTION(name, 'invalidates', problem)
}
