import type { RouteConfig } from '@weir/metrics'
import type { RouteOptions } from 'fastify'

/** Characters of one route's options, and of all options of a process: each report has them. */
const LONGEST = 1000
const MOST = 8000

/** Collects the cache options of the routes of this process, within bounds, for consoles. */
export class RouteConfigs {
  readonly #routes = new Map<string, RouteConfig>()
  #size = 0

  /** Adds a route that has cache options; its automatic HEAD is the same route. */
  add ({ method, url, config }: Pick<RouteOptions, 'method' | 'url' | 'config'>): void {
    const text = written(config?.cache)
    if (text === undefined || text.length > LONGEST) return
    const cache = JSON.parse(text) as RouteConfig['cache']
    for (const one of [method].flat()) {
      if (one === 'HEAD' || this.#size + text.length > MOST) continue
      const route = `${one} ${url}`
      this.#routes.set(route, { route, cache })
      this.#size += text.length
    }
  }

  list (): RouteConfig[] {
    return [...this.#routes.values()]
  }
}

/** Returns options as JSON; undefined for other values, which are another plugin's options. */
function written (cache: unknown): string | undefined {
  if (typeof cache !== 'object' || cache === null) return undefined
  try {
    return JSON.stringify(cache, withFunctions)
  } catch {
    return undefined
  }
}

/** Replaces a function by a mark: its code is not reported. */
const withFunctions = (_name: string, value: unknown): unknown =>
  typeof value === 'function' ? { function: true } : value
