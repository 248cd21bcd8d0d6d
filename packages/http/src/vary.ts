import { fieldNames, fieldValue, type Headers, type HeaderValue } from './headers.js'
import { normalizeEncodings, normalizeLanguages, normalizeList } from './normalize.js'
import type { Policy } from './policy.js'

/**
 * The request headers by which a response was selected (RFC 9111 4.1), in lower case and sorted.
 * `*`: nobody knows, so that it never matches; also where one of them cannot be a name.
 *
 * @example varyNames('Accept-Encoding, accept') // ['accept', 'accept-encoding']
 */
export function varyNames (vary: HeaderValue): readonly string[] | '*' {
  const names = fieldNames(vary)
  return names === undefined || names.includes('*') ? '*' : names.sort()
}

/**
 * What a request has in the headers that select a response: two requests have the same if and only
 * if these headers match (RFC 9111 4.1). Empty where nothing selects.
 *
 * @param names in lower case and sorted, as of `varyNames`
 * @example
 * variantKey(['accept-encoding'], { 'accept-encoding': 'GZIP, br;q=1.0' })
 * // 'accept-encoding:br,gzip'
 */
export function variantKey (names: readonly string[], headers: Headers): string {
  return names.map((name) => {
    const value = fieldValue(headers[name])
    // An absent header matches only where it is absent too, so it is not the same as an empty one.
    return value === undefined ? name : `${name}:${normalized(name, value)}`
  }).join('\n')
}

/**
 * Which of the responses that are stored for one URI is for a request (RFC 9111 4, 4.1): of those
 * whose selecting headers match, the most recent by Date; one without Vary only if none with Vary
 * matches, as some resources forget it.
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

// Of these a comma separates nothing, and whitespace can mean something.
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
