import autocannon from 'autocannon'
import { PRODUCTS } from './children/product.js'
import { type Child } from './children/start.js'

/** What is asked of a server, again and again. */
export interface Load {
  /** Request headers for a product. */
  readonly headers?: (id: string) => Readonly<Record<string, string>>
  readonly expect: 200 | 304 | 429
  /** Different URLs, a multiple of the 10 connections. Default: 1,000. */
  readonly urls?: number
}

/** One stretch of load. */
export interface Round {
  readonly perSecond: number
  /** CPU time of the server for one request. */
  readonly cpuMicros: number
  /**
   * The part of the time that the server was computing. Where it is well below 1, something else
   * was the limit.
   */
  readonly busy: number
  /** Requests for which something was computed, because there was nothing to serve. */
  readonly fills: number
  /**
   * The part of the answers for which the store was asked: whether they are valid, as while the
   * lease had lapsed, or whether they are within the limit.
   */
  readonly asked: number
}

// Pipelining keeps the server busy with a client that has one core, and makes what a request costs
// besides the plugin small.
const CONNECTIONS = 10
const PIPELINING = 10

/**
 * Asks for each product, so that from then on there is something to serve, and then loads for a
 * while to have all of it compiled.
 */
export async function warmUp (server: Child, what: Load, seconds: number): Promise<void> {
  // Twice: autocannon ends before the last answers of a pipeline are there.
  await ask(server, what, { amount: (what.urls ?? PRODUCTS) / CONNECTIONS * 2 })
  await load(server, what, seconds)
}

/** Loads the server for `seconds`, nothing else being loaded meanwhile. */
export async function load (server: Child, what: Load, seconds: number): Promise<Round> {
  const before = await server.ask()
  const began = performance.now()
  const { answered, perSecond } = await ask(server, what, { duration: seconds })
  const wall = (performance.now() - began) * 1000
  const after = await server.ask()
  const grown = (what: string) => (after[what] ?? NaN) - (before[what] ?? NaN)
  return {
    perSecond,
    cpuMicros: grown('cpuMicros') / answered,
    busy: grown('cpuMicros') / wall,
    fills: grown('fills'),
    asked: ((after['asked'] ?? 0) - (before['asked'] ?? 0)) / answered
  }
}

/**
 * Each connection asks for its own part of the products, so that no two requests under way are for
 * the same.
 */
async function ask (
  server: Child,
  { headers, expect, urls = PRODUCTS }: Load,
  until: { duration: number } | { amount: number }
): Promise<{ answered: number; perSecond: number }> {
  // An instance for each connection: connections of one instance ask for the same things in the
  // same order.
  const results = await Promise.all(
    Array.from({ length: CONNECTIONS }, (_, connection) =>
      autocannon({
        ...until,
        url: String(server.ready['url']),
        connections: 1,
        pipelining: PIPELINING,
        requests: Array.from({ length: urls / CONNECTIONS }, (_, i) => {
          const id = `${connection + i * CONNECTIONS}`
          return { method: 'GET', path: `/products/${id}`, headers: { ...headers?.(id) } }
        })
      })
    )
  )
  let answered = 0
  let perSecond = 0
  for (const { requests, duration, errors, statusCodeStats } of results) {
    const expected = statusCodeStats?.[`${expect}`]?.count ?? 0
    if (errors > 0 || requests.total === 0 || expected !== requests.total) {
      throw new Error(
        `${requests.total} requests, ${expected} answered with ${expect}, ${errors} failed: ${JSON.stringify(statusCodeStats)}`
      )
    }
    answered += requests.total
    perSecond += requests.total / duration
  }
  return { answered, perSecond }
}
