import { parseEntityTag, parseEntityTags, strongMatch, weakMatch, type EntityTag } from './etag.js'
import { fieldValue, type Headers } from './headers.js'
import { parseHttpDate } from './http-date.js'
import { isStrongDate } from './partial.js'

/** The validators of a current representation, as in its ETag and Last-Modified fields. */
export interface Representation {
  readonly etag?: string | undefined
  readonly lastModified?: string | undefined
  /** The Date of the response that carries it, in ms since the epoch. Default: now. */
  readonly date?: number | undefined
}

/**
 * Evaluates a request's preconditions in the order of RFC 9110 13.2.2.
 *
 * `current` is what a GET would return now, or null if there is nothing. `not-modified` (304) is
 * for GET and HEAD, `failed` (412) for any method. A date is inconclusive within the second that it
 * names, because several versions may fall into it (8.8.2.2). Meant for the origin; a cache uses
 * only {@link isNotModified} (RFC 9111 4.3.2).
 * @example
 * evaluatePreconditions({ method: 'PUT', headers: { 'if-match': '"1"' } }, { etag: '"2"' })
 * // 'failed'
 */
export function evaluatePreconditions (
  request: { method: string, headers: Headers },
  current: Representation | null,
  now = Date.now()
): 'proceed' | 'not-modified' | 'failed' {
  const { method, headers } = request
  // Methods that neither select nor change a representation ignore preconditions (13.2.1).
  if (method === 'OPTIONS' || method === 'TRACE' || method === 'CONNECT') return 'proceed'

  const ifMatch = fieldValue(headers['if-match'])
  if (ifMatch !== undefined) {
    if (!anyMatches(ifMatch, current, strongMatch)) return 'failed'
  } else if (mayHaveChanged(current, fieldValue(headers['if-unmodified-since']), now) === true) {
    return 'failed'
  }

  if (method === 'GET' || method === 'HEAD') {
    return isNotModified(headers, current, now) ? 'not-modified' : 'proceed'
  }
  const ifNoneMatch = fieldValue(headers['if-none-match'])
  return ifNoneMatch !== undefined && anyMatches(ifNoneMatch, current, weakMatch)
    ? 'failed'
    : 'proceed'
}

/**
 * Reports whether the client of a GET or HEAD already has the current representation.
 *
 * Uses If-None-Match or, only if that is absent, If-Modified-Since (RFC 9110 13.1.2, 13.1.3,
 * 13.2.2).
 */
export function isNotModified (
  headers: Headers,
  current: Representation | null,
  now: number
): boolean {
  const ifNoneMatch = fieldValue(headers['if-none-match'])
  if (ifNoneMatch !== undefined) return anyMatches(ifNoneMatch, current, weakMatch)
  return mayHaveChanged(current, fieldValue(headers['if-modified-since']), now) === false
}

function anyMatches (
  field: string,
  current: Representation | null,
  match: (a: EntityTag, b: EntityTag) => boolean
): boolean {
  if (current === null) return false
  if (field === current.etag) {
    // Nearly every client returns the one tag it received, unchanged. A malformed tag is compared
    // byte by byte.
    if (match === weakMatch) return true
    const same = parseEntityTag(field)
    return same !== undefined && match(same, same)
  }
  const wanted = parseEntityTags(field)
  if (wanted === '*') return true
  const tag = current.etag === undefined ? undefined : parseEntityTag(current.etag)
  return tag !== undefined && wanted.some((candidate) => match(candidate, tag))
}

/**
 * Reports whether a Last-Modified is unusable as a validator in a response sent at `date`.
 *
 * It is if it names the same second, in which the representation may change again (RFC 9110
 * 8.8.2.2). False if it is not an HTTP-date. `date` is in ms since the epoch.
 * @example
 * isWeakDate('Sun, 06 Nov 1994 08:49:37 GMT', Date.UTC(1994, 10, 6, 8, 49, 37, 999)) // true
 */
export function isWeakDate (lastModified: string, date: number): boolean {
  const modified = parseHttpDate(lastModified, date)
  return modified !== undefined && !isStrongDate(modified, date)
}

/**
 * Reports whether the representation may have changed since the date that a client names.
 *
 * Undefined if either date is missing or not an HTTP-date: such a condition is ignored (13.1.3,
 * 13.1.4).
 */
function mayHaveChanged (
  current: Representation | null,
  field: string | undefined,
  now: number
): boolean | undefined {
  if (current?.lastModified === undefined || field === undefined) return undefined
  const modified = parseHttpDate(current.lastModified, now)
  const asked = parseHttpDate(field, now)
  if (modified === undefined || asked === undefined) return undefined
  return modified > asked || (modified === asked && !isStrongDate(modified, current.date ?? now))
}
