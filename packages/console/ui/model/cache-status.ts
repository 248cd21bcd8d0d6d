import { parseList, Token } from 'structured-headers'

/**
 * One cache's entry in Cache-Status (RFC 9211, 2). `ttl` is in seconds, negative for a stale
 * response.
 */
export interface CacheStatus {
  readonly cache: string
  readonly hit: boolean
  readonly fwd?: string
  readonly fwdStatus?: number
  readonly ttl?: number
  readonly stored: boolean
  readonly collapsed: boolean
  readonly detail?: string
}

/**
 * Parses a Cache-Status field. The cache nearest to the origin comes first, the one nearest to the
 * client last (RFC 9211, 2). Returns an empty array if the field is missing or malformed.
 *
 * @example parseCacheStatus('shop-1; hit; ttl=35')[0]?.ttl // 35
 */
export function parseCacheStatus (field: string | null): CacheStatus[] {
  try {
    return parseList(field ?? '').map(([name, parameters]) => {
      const fwd = text(parameters.get('fwd'))
      const fwdStatus = number(parameters.get('fwd-status'))
      const ttl = number(parameters.get('ttl'))
      const detail = text(parameters.get('detail'))
      return {
        cache: text(name) ?? '',
        hit: parameters.get('hit') === true,
        ...(fwd !== undefined && { fwd }),
        ...(fwdStatus !== undefined && { fwdStatus }),
        ...(ttl !== undefined && { ttl }),
        stored: parameters.get('stored') === true,
        collapsed: parameters.get('collapsed') === true,
        ...(detail !== undefined && { detail })
      }
    })
  } catch {
    return []
  }
}

function text (value: unknown): string | undefined {
  if (value instanceof Token) return value.toString()
  return typeof value === 'string' ? value : undefined
}

const number = (value: unknown): number | undefined => typeof value === 'number' ? value : undefined
