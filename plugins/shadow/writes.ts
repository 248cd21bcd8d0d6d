import { collectionsOf } from '@weir/metrics'
import type { FastifyReply, FastifyRequest } from 'fastify'

/** A write that succeeded. */
interface Write {
  /** Such as `PUT /products/:id`. */
  readonly route: string
  readonly collections: readonly string[]
  readonly params: unknown
  readonly start: number
  readonly end: number
}

const MOST = 200

/** Latest writes of this instance, in the order in which they ended. */
export class Writes {
  readonly #latest: Write[] = []

  /** @param now clock, ms */
  constructor (readonly now: () => number) {}

  /** Remembers a write when it succeeds. */
  watch (path: string, { method, params }: FastifyRequest, { raw }: FastifyReply): void {
    const start = this.now()
    raw.once('finish', () => {
      if (raw.statusCode >= 400) return
      if (this.#latest.length >= MOST) this.#latest.shift()
      this.#latest.push({
        route: `${method} ${path}`,
        collections: collectionsOf(path),
        params,
        start,
        end: this.now()
      })
    })
  }

  /** Returns the routes of writes since a time that concern the resource of a request. */
  since (from: number, collections: readonly string[], params: unknown): Set<string> {
    const routes = new Set<string>()
    for (const write of this.#latest) {
      if (write.end <= from || routes.has(write.route)) continue
      if (!write.collections.some((name) => collections.includes(name))) continue
      if (isSameThing(write.params, params)) routes.add(write.route)
    }
    return routes
  }
}

/** Whether no parameter that both have is different: a write to one product changes no other. */
function isSameThing (a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || a === null || typeof b !== 'object' || b === null) return true
  return Object.entries(a).every(([name, value]) => {
    const other: unknown = Reflect.get(b, name)
    return typeof other !== 'string' || typeof value !== 'string' || other === value
  })
}
