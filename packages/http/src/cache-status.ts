import { toPrintableAscii } from './ascii.js'
import { fieldValue, type HeaderValue } from './headers.js'

/**
 * The handling of a request by one cache (RFC 9211 2).
 *
 * `ttl` is in seconds and negative for a stale response. `collapsed: false`: the request waited for
 * another request's response and could not use it. `key` only for clients that may see it.
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
 * Formats the Cache-Status member of one cache (RFC 9211).
 *
 * A hit has no `fwd`: they exclude each other. Written without a library, because every response
 * carries one.
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
 * Appends a cache's member after those of the caches closer to the origin (RFC 9211 2).
 *
 * The existing value is not changed.
 * @example
 * appendCacheStatus('origin; hit', 'edge; fwd=uri-miss') // 'origin; hit, edge; fwd=uri-miss'
 */
export function appendCacheStatus (existing: HeaderValue, member: string): string {
  const before = fieldValue(existing)?.trim() ?? ''
  return before === '' ? member : `${before}, ${member}`
}

/** An sf-integer has at most 15 digits (RFC 9651 3.3.1); other numbers are omitted. */
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
