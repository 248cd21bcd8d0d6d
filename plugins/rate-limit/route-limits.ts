import type { RouteOptions } from 'fastify'
import { WEIR_ERR_ROUTE_OPTION } from '../errors.js'
import { isOptions } from '../plugin-options.js'
import { type Refuse, type RouteLimit, routeLimit } from './limits.js'

/**
 * What the routes of an application say about limits, checked one by one and against each other.
 */
export class RouteLimits {
  /** By group, tier and name: which policy that is, and where it was said first. */
  readonly #policies = new Map<string, { id: string, route: string }>()

  /** @param fallback the limit of routes that say nothing */
  constructor (readonly fallback: RouteLimit | undefined) {
    for (const [budget, id] of fallback === undefined ? [] : budgetsOf(fallback)) {
      this.#policies.set(budget, { id, route: 'the plugin itself' })
    }
  }

  /**
   * The limit of a route that is being declared; undefined for none.
   * @throws WEIR_ERR_ROUTE_OPTION with the route and the option
   */
  of (route: RouteOptions): RouteLimit | undefined {
    const options = route.config?.rateLimit
    if (options === undefined) return this.fallback
    if (options === false) return undefined
    const name = `${[route.method].flat().join()} ${route.url}`
    const refuse: Refuse = (option, problem) =>
      new WEIR_ERR_ROUTE_OPTION(name, `rateLimit.${option}`, problem)
    if (!isOptions(options)) {
      throw new WEIR_ERR_ROUTE_OPTION(name, 'rateLimit', 'must be an object, or false')
    }
    const limit = routeLimit(options, budgetName(route), this.fallback, refuse)
    this.#checkGroup(limit, name, refuse)
    return limit
  }

  /**
   * Two routes that give one budget different numbers would not share it, whatever they hoped for.
   */
  #checkGroup (limit: RouteLimit, route: string, refuse: Refuse): void {
    for (const [budget, id, name] of budgetsOf(limit)) {
      const first = this.#policies.get(budget)
      if (first === undefined) this.#policies.set(budget, { id, route })
      else if (first.id !== id) {
        throw refuse(
          'group',
          `is "${limit.group}", in which the policy "${name}" is another one for ${first.route}: make them equal, or name one anew`
        )
      }
    }
  }
}

function budgetsOf ({
  group,
  policies,
  tiers
}: RouteLimit): [budget: string, id: string, name: string][] {
  return [['', policies] as const, ...tiers].flatMap(([tier, list]) =>
    list.map(({ name, id }): [string, string, string] => [
      JSON.stringify([group, tier, name]),
      id,
      name
    ])
  )
}

/** What is one route. HEAD uses the budget of the GET it comes with. */
function budgetName ({ method, url, constraints = {} }: RouteOptions): string {
  const methods = [method].flat().map((method) => method === 'HEAD' ? 'GET' : method)
  return JSON.stringify([[...new Set(methods)], url, constraints])
}
