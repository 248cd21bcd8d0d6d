import type { RouteConfig } from '@weir/metrics'
import type { RouteOptions } from 'fastify'

const MOST = 200
const LONGEST = 2000

/** The cache options of the routes of this process, for those who show them. */
export class RouteConfigs {
  readonly #routes = new Map<string, RouteConfig>()

  /** Notes a route that has cache options; its automatic HEAD is the same route. */
  add ({ method, url, config }: Pick<RouteOptions, 'method' | 'url' | 'config'>): void {
    const cache: unknown = config?.cache
    if (typeof cache !== 'object' || cache === null) return
    const text = JSON.stringify(cache, withFunctions)
    if (text.length > LONGEST) return
    const told = JSON.parse(text) as RouteConfig['cache']
    for (const one of [method].flat()) {
      if (one === 'HEAD' || this.#routes.size >= MOST) continue
      const route = `${one} ${url}`
      this.#routes.set(route, { route, cache: told })
    }
  }

  list (): RouteConfig[] {
    return [...this.#routes.values()]
  }
}

/** A function is told as such: its code is nobody's business but the service's. */
const withFunctions = (_name: string, value: unknown): unknown =>
  typeof value === 'function' ? { function: true } : value
