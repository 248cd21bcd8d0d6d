import { deltaSeconds } from './cache-control.js'
import { singleValue, type Headers } from './headers.js'
import { parseHttpDate } from './http-date.js'
import type { ResponseDirectives } from './response-directives.js'

/**
 * The source of a freshness lifetime. `none`: the response has no lifetime and is stale at once.
 */
export type FreshnessSource = 's-maxage' | 'max-age' | 'expires' | 'heuristic' | 'none'

export interface Lifetime {
  /** Milliseconds since the origin generated the response. */
  readonly lifetime: number
  readonly source: FreshnessSource
}

/**
 * Returns the explicit freshness lifetime of a response.
 *
 * It is the first of s-maxage, max-age, and Expires minus Date (RFC 9111 4.2.1). An unreadable
 * value makes the response stale; of a repeated one, the first value counts (4.2.1, 5.3).
 *
 * @param date when the response was generated, in ms since the epoch
 */
export function explicitLifetime (
  headers: Headers,
  { directives, targeted }: ResponseDirectives,
  date: number
): Lifetime | undefined {
  for (const source of ['s-maxage', 'max-age'] as const) {
    const value = directives.get(source)
    if (value !== undefined) return { lifetime: (deltaSeconds(value) ?? 0) * 1000, source }
  }
  const expires = singleValue(headers['expires'])
  if (targeted || expires === undefined) return undefined
  return { lifetime: Math.max(0, (parseHttpDate(expires, date) ?? 0) - date), source: 'expires' }
}

// Milliseconds: a wrong guess lasts a day at most.
const LONGEST_HEURISTIC = 86_400_000

/** Returns a tenth of the time since the last modification, at most a day (RFC 9111 4.2.2). */
export function heuristicLifetime (headers: Headers, date: number): Lifetime | undefined {
  const lastModified = parseHttpDate(singleValue(headers['last-modified']) ?? '', date)
  if (lastModified === undefined || lastModified >= date) return undefined
  return {
    lifetime: Math.min(Math.floor((date - lastModified) / 10), LONGEST_HEURISTIC),
    source: 'heuristic'
  }
}
