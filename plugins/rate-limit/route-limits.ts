import type { RouteOptions } from 'fastify'
import { WEIR_ERR_ROUTE_OPTION } from '../errors.js'
import { isOptions } from '../plugin-options.js'
import { type Refuse, type RouteLimit, routeLimit } from './limits.js'

/** Limit declarations of all routes, validated individually and against each other. */
export class RouteLimits {
  /** Policies by group, tier and name, each with the route that declared it first. */
  readonly #policies = new Map<string, { id: string, route: string }>()

  /** @param fallback limit of routes without one of their own */
  constructor (readonly fallback: RouteLimit | undefined) {
    for (const [budget, id] of fallback === undefined ? [] : budgetsOf(fallback)) {
      this.#policies.set(budget, { id, route: 'the plugin itself' })
    }
  }

  /**
   * Returns the limit of a route that is being declared; undefined for none.
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

  /** Rejects two routes that give one budget different numbers, because they would not share it. */
  #checkGroup (limit: RouteLimit, route: string, refuse: Refuse): void {
    for (const [budget, id, name] of budgetsOf(limit)) {
      const first = this.#policies.get(budget)
      if (first === undefined) this.#policies.set(budget, { id, route })
      else if (first.id !== id) {
        throw refuse(
          'group',
          `is "${limit.group}", in which ${first.route} declares the policy "${name}" ` +
          'differently: make them equal, or rename one'
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

/** Returns the name of a route's own budget. HEAD uses the budget of its GET. */
function budgetName ({ method, url, constraints = {} }: RouteOptions): string {
  const methods = [method].flat().map((method) => method === 'HEAD' ? 'GET' : method)
  return JSON.stringify([[...new Set(methods)], url, constraints])
}
