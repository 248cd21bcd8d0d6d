import { toPrintableAscii } from './ascii.js'
import { fieldValue, type HeaderValue } from './headers.js'

/**
 * What one cache did with a request (RFC 9211 2); `ttl` is in seconds and negative for a stale
 * response. `collapsed: false`: the request waited for another's response and could not use it;
 * `key` only for who may know it.
 */
export interface CacheStatus {
  hit?: boolean
  fwd?: 'bypass' | 'method' | 'uri-miss' | 'vary-miss' | 'miss' | 'request' | 'stale' | 'partial'
  fwdStatus?: number
  ttl?: number
  stored?: boolean
  collapsed?: boolean
  key?: string
  detail?: string
}

const token = /^[A-Za-z*][!#$%&'*+\-.^_`|~\w:/]*$/
const plain = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/
const maximum = 999_999_999_999_999

/**
 * Writes the Cache-Status member of one cache (RFC 9211). `fwd` is left out of a hit: they exclude
 * each other. By hand rather than through a library, because every response carries one.
 *
 * @example formatCacheStatus('catalog-1', { hit: true, ttl: 35 }) // 'catalog-1; hit; ttl=35'
 */
export function formatCacheStatus (cache: string, status: CacheStatus): string {
  let field = tokenOrString(cache)
  if (status.hit === true) field += '; hit'
  else if (status.fwd !== undefined) field += `; fwd=${status.fwd}`
  if (status.fwdStatus !== undefined) field += integerParameter('fwd-status', status.fwdStatus)
  if (status.ttl !== undefined) field += integerParameter('ttl', status.ttl)
  if (status.stored === true) field += '; stored'
  if (status.collapsed !== undefined) field += status.collapsed ? '; collapsed' : '; collapsed=?0'
  if (status.key !== undefined) field += `; key=${string(status.key)}`
  if (status.detail !== undefined) field += `; detail=${tokenOrString(status.detail)}`
  return field
}

/**
 * Puts a cache's member after those of the caches nearer to the origin (RFC 9211 2). The existing
 * value is kept as it is.
 *
 * @example
 * appendCacheStatus('origin; hit', 'edge; fwd=uri-miss') // 'origin; hit, edge; fwd=uri-miss'
 */
export function appendCacheStatus (existing: HeaderValue, member: string): string {
  const before = fieldValue(existing)?.trim() ?? ''
  return before === '' ? member : `${before}, ${member}`
}

/** An sf-integer has at most 15 digits (RFC 9651 3.3.1); what is no number is left out. */
function integerParameter (name: string, value: number): string {
  if (Number.isNaN(value)) return ''
  return `; ${name}=${Math.max(-maximum, Math.min(Math.trunc(value), maximum))}`
}

function tokenOrString (value: string): string {
  return token.test(value) ? value : string(value)
}

function string (value: string): string {
  return plain.test(value) ? `"${value}"` : `"${toPrintableAscii(value).replace(/["\\]/g, '\\$&')}"`
}
