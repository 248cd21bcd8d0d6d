/**
 * The Cache-Status member of the cache nearest to the client (RFC 9211): its name, and its
 * parameters; `true` for those without a value.
 */
export interface CacheStatusMember {
  readonly cache: string
  readonly parameters: ReadonlyMap<string, string | true>
}

/**
 * Reads the last member of a Cache-Status field, which is of the cache nearest to the client (RFC
 * 9211, section 2).
 *
 * @example
 * lastMember('origin; hit, edge; fwd=uri-miss; ttl=60')?.parameters.get('fwd') // 'uri-miss'
 */
export function lastMember (field: string): CacheStatusMember | undefined {
  const [cache = '', ...parameters] =
    split(field, BETWEEN_COMMAS).at(-1)?.match(BETWEEN_SEMICOLONS) ?? []
  if (cache.trim() === '') return undefined
  return { cache: plain(cache), parameters: new Map(parameters.map(parameter)) }
}

// Quoted text may contain any character (RFC 9651, section 3.3.3).
const BETWEEN_COMMAS = /(?:"(?:\\.|[^"\\])*"|[^",])+/g
const BETWEEN_SEMICOLONS = /(?:"(?:\\.|[^"\\])*"|[^";])+/g

const split = (text: string, parts: RegExp): string[] => text.match(parts) ?? []

function parameter (text: string): [string, string | true] {
  const at = text.indexOf('=')
  return at === -1 ? [text.trim(), true] : [text.slice(0, at).trim(), plain(text.slice(at + 1))]
}

function plain (value: string): string {
  const text = value.trim()
  return text.startsWith('"') ? text.slice(1, -1).replace(/\\(.)/g, '$1') : text
}
