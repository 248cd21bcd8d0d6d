import { deltaSeconds, parseCacheControl } from './cache-control.js'
import { fieldValue, type Headers } from './headers.js'

/**
 * Directives of a client to caches (RFC 9111 5.2.1).
 *
 * Durations are in ms; unreadable ones count as absent.
 */
export interface RequestDirectives {
  readonly noCache: boolean
  readonly onlyIfCached: boolean
  readonly maxAge: number | undefined
  readonly minFresh: number | undefined
  /** Infinity for a directive without a value. */
  readonly maxStale: number | undefined
  readonly staleIfError: number | undefined
}

/** Parses the request's directives; undefined without any, as in most requests. */
export function requestDirectives (headers: Headers): RequestDirectives | undefined {
  const cacheControl = headers['cache-control']
  if (cacheControl === undefined) {
    return headers['pragma'] === undefined ? undefined : byPragma(headers)
  }
  const directives = parseCacheControl(cacheControl)
  const duration = (name: string) => {
    const seconds = deltaSeconds(directives.get(name))
    return seconds === undefined ? undefined : seconds * 1000
  }
  return {
    noCache: directives.has('no-cache'),
    onlyIfCached: directives.has('only-if-cached'),
    maxAge: duration('max-age'),
    minFresh: duration('min-fresh'),
    maxStale: directives.get('max-stale') === true ? Infinity : duration('max-stale'),
    staleIfError: duration('stale-if-error')
  }
}

/** `no-cache` of HTTP/1.0 (RFC 9111 5.4). Ignored if there is a Cache-Control. */
function byPragma (headers: Headers): RequestDirectives | undefined {
  const names = (fieldValue(headers['pragma']) ?? '')
    .split(',')
    .map((directive) => directive.trim().toLowerCase())
  if (!names.includes('no-cache')) return undefined
  return {
    noCache: true,
    onlyIfCached: false,
    maxAge: undefined,
    minFresh: undefined,
    maxStale: undefined,
    staleIfError: undefined
  }
}
