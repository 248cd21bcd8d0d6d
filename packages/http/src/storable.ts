import { parseCacheControl } from './cache-control.js'
import { fieldValue, type Headers } from './headers.js'
import { heuristicallyCacheable } from './statuses.js'

/** Why a shared cache does not store a response; see {@link whyNotStorable}. */
export type NotStorable =
  'METHOD' | 'STATUS' | 'REQUEST_NO_STORE' | 'NO_STORE' | 'PRIVATE' | 'AUTHORIZATION' | 'SET_COOKIE' | 'VARY_STAR' | 'PARTIAL'

const noOthers: ReadonlySet<number> = new Set()

/**
 * Says why a shared cache must not (RFC 9111 3, 3.3, 3.5) or had better not (Set-Cookie: it is one client's)
 * store a response; undefined when it may. Statuses that are not heuristically cacheable are refused unless
 * `alsoStatuses` has them. `private="field"` counts as `private`, and `no-store` is obeyed even beside
 * `must-understand`: both are the safe reading.
 *
 * @example
 * whyNotStorable({ method: 'GET', headers: { authorization: 'Bearer x' } }, { status: 200, headers: {} }) // 'AUTHORIZATION'
 */
export function whyNotStorable (
  request: { method: string, headers: Headers },
  response: { status: number, headers: Headers },
  alsoStatuses: ReadonlySet<number> = noOthers
): NotStorable | undefined {
  if (request.method !== 'GET') return 'METHOD'
  if (response.status === 206 || response.headers['content-range'] !== undefined) return 'PARTIAL'
  if (!heuristicallyCacheable.has(response.status) && !alsoStatuses.has(response.status)) return 'STATUS'
  if (parseCacheControl(request.headers['cache-control']).has('no-store')) return 'REQUEST_NO_STORE'
  const directives = parseCacheControl(response.headers['cache-control'])
  if (directives.has('no-store')) return 'NO_STORE'
  if (directives.has('private')) return 'PRIVATE'
  if (request.headers['authorization'] !== undefined && !['public', 'must-revalidate', 's-maxage'].some((name) => directives.has(name))) {
    return 'AUTHORIZATION'
  }
  if (response.headers['set-cookie'] !== undefined) return 'SET_COOKIE'
  if (fieldValue(response.headers['vary'])?.split(',').some((name) => name.trim() === '*') === true) return 'VARY_STAR'
  return undefined
}
