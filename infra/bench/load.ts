import autocannon from 'autocannon'
import { PRODUCTS } from './children/product.js'
import { type Child } from './children/start.js'

/** The requests sent to a server, again and again. */
export interface Load {
  /** Request headers for a product. */
  readonly headers?: (id: string) => Readonly<Record<string, string>>
  readonly expect: 200 | 304 | 429
  /** Number of different URLs, a multiple of the 10 connections. Default: 1,000. */
  readonly urls?: number
  /** Path of the products. Default: `/products`. */
  readonly at?: string
}

/** One stretch of load. */
export interface Round {
  readonly perSecond: number
  /** CPU time of the server per request. */
  readonly cpuMicros: number
  /**
   * The part of the time in which the server was computing. Well below 1, another resource was the
   * limit.
   */
  readonly busy: number
  /** Requests that had to be computed, because nothing could be served. */
  readonly fills: number
  /**
   * The part of the responses that needed the store: to check validity after the lease had lapsed,
   * or to decide a limit.
   */
  readonly asked: number
}

// Pipelining keeps the server busy with a single-core client, and keeps the cost of a request
// outside the plugin small.
const CONNECTIONS = 10
const PIPELINING = 10

/**
 * Requests each product once to fill the cache, then loads for a while so that the code is
 * compiled.
 */
export async function warmUp (server: Child, what: Load, seconds: number): Promise<void> {
  // Twice: autocannon ends before the last responses of a pipeline have arrived.
  await ask(server, what, { amount: (what.urls ?? PRODUCTS) / CONNECTIONS * 2 })
  await load(server, what, seconds)
}

/** Loads the server for `seconds` while no other server is loaded. */
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
 * Each connection requests its own share of the products, so no two requests in flight are for the
 * same one.
 */
async function ask (
  server: Child,
  { headers, expect, urls = PRODUCTS, at = '/products' }: Load,
  until: { duration: number } | { amount: number }
): Promise<{ answered: number; perSecond: number }> {
  // One autocannon instance per connection: connections of one instance request the same URLs in
  // the same order.
  const results = await Promise.all(
    Array.from({ length: CONNECTIONS }, (_, connection) =>
      autocannon({
        ...until,
        url: String(server.ready['url']),
        connections: 1,
        pipelining: PIPELINING,
        requests: Array.from({ length: urls / CONNECTIONS }, (_, i) => {
          const id = `${connection + i * CONNECTIONS}`
          return { method: 'GET', path: `${at}/${id}`, headers: { ...headers?.(id) } }
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
