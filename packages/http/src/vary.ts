import { fieldNames, fieldValue, type Headers, type HeaderValue } from './headers.js'
import { normalizeEncodings, normalizeLanguages, normalizeList } from './normalize.js'
import type { Policy } from './policy.js'

/**
 * Returns the request headers that selected a response (RFC 9111 4.1), in lower case and sorted.
 *
 * `*`: unknown, so it never matches; also if one of them is not a valid name.
 * @example varyNames('Accept-Encoding, accept') // ['accept', 'accept-encoding']
 */
export function varyNames (vary: HeaderValue): readonly string[] | '*' {
  const names = fieldNames(vary)
  return names === undefined || names.includes('*') ? '*' : names.sort()
}

/**
 * Returns a key of the request's values in the headers that select a response.
 *
 * Two requests have the same key if and only if these headers match (RFC 9111 4.1). Empty if no
 * header selects.
 *
 * @param names in lower case and sorted, as returned by `varyNames`
 * @example
 * variantKey(['accept-encoding'], { 'accept-encoding': 'GZIP, br;q=1.0' })
 * // 'accept-encoding:br,gzip'
 */
export function variantKey (names: readonly string[], headers: Headers): string {
  return names.map((name) => {
    const value = fieldValue(headers[name])
    // An absent header matches only an absent one, so it differs from an empty one.
    return value === undefined ? name : `${name}:${normalized(name, value)}`
  }).join('\n')
}

/**
 * Selects one of the responses stored for a URI (RFC 9111 4, 4.1).
 *
 * Among those whose selecting headers match, it is the most recent by Date. A response without Vary
 * is used only if none with Vary matches, because some resources forget it.
 */
export function selectStored<S extends { readonly policy: Policy }> (
  stored: readonly S[],
  headers: Headers
): S | undefined {
  let best: S | undefined
  for (const candidate of stored) {
    const { vary, variant, date } = candidate.policy
    if (variantKey(vary, headers) !== variant) continue
    if (best === undefined || isPreferred(vary.length > 0, date, best.policy)) best = candidate
  }
  return best
}

function isPreferred (hasVary: boolean, date: number, than: Policy): boolean {
  const thanHasVary = than.vary.length > 0
  return hasVary === thanHasVary ? date > than.date : hasVary
}

// Headers whose commas do not separate members, and whose whitespace can be significant.
const noLists: ReadonlySet<string> = new Set([
  'authorization',
  'cookie',
  'from',
  'host',
  'origin',
  'referer',
  'user-agent'
])

function normalized (name: string, value: string): string {
  if (name === 'accept-encoding') return normalizeEncodings(value)
  if (name === 'accept-language') return normalizeLanguages(value)
  return noLists.has(name) ? value.trim() : normalizeList(value)
}
