import { fieldNames, type Headers } from './headers.js'

type Fields = Record<string, string | readonly string[]>

/** Stored headers, as plain JSON. */
export type StoredHeaders = Readonly<Fields>

// Fields for a single connection (RFC 9110 7.6.1), or for the proxy that forwarded the request (RFC
// 9111 3.1).
const hopByHop: ReadonlySet<string> = new Set([
  'connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade',
  'proxy-authenticate', 'proxy-authentication-info', 'proxy-authorization'
])

/**
 * Returns the headers that may be forwarded.
 *
 * Removes hop-by-hop fields and those that Connection lists (RFC 9110 7.6.1).
 */
export function endToEndHeaders (headers: Headers): StoredHeaders {
  return fieldsOf(headers, NOTHING)
}

const NOTHING: readonly string[] = []

/** Returns all end-to-end fields except the given ones. */
function fieldsOf (
  headers: Headers,
  leftOut: readonly string[],
  keeps?: (name: string) => boolean
): Fields {
  const listed =
    headers['connection'] === undefined ? undefined : fieldNames(headers['connection'])
  const kept: Fields = {}
  for (const name of Object.keys(headers)) {
    const value = headers[name]
    if (value === undefined || hopByHop.has(name) || listed?.includes(name) === true) continue
    if (leftOut.includes(name) || keeps?.(name) === false) continue
    kept[name] = typeof value === 'number' ? String(value) : value
  }
  return kept
}

/**
 * Returns the headers of a response that are stored (RFC 9111 3.1).
 *
 * Age is left out, because each reuse has its own, and so is Content-Length, which follows from the
 * body. Date is always present (RFC 9110 6.6.1).
 *
 * @param restricted fields excluded by `no-cache="..."` or `private="..."`, in lower case (5.2.2.4,
 *   5.2.2.7)
 * @param date when the response was generated, or else received, in ms since the epoch
 * @param keeps whether to keep a field that may be stored; also called for Date
 */
export function storedHeaders (
  headers: Headers, restricted: readonly string[], date: number, keeps?: (name: string) => boolean
): StoredHeaders {
  const kept = fieldsOf(headers, ['date', 'age', 'content-length', ...restricted], keeps)
  if (!restricted.includes('date') && keeps?.('date') !== false) {
    kept['date'] = new Date(date).toUTCString()
  }
  return kept
}

// Fields that describe the stored bytes, which remain those of the first response (RFC 9111 3.2).
const notUpdated: ReadonlySet<string> = new Set([
  'content-length',
  'content-encoding',
  'content-range'
])

/**
 * Merges the headers of a 304, or of a consistent HEAD, into stored headers (RFC 9111 3.2, 4.3.4,
 * 4.3.5).
 *
 * Pass the result to `decideStoring` like a new response: that determines its age and freshness,
 * and whether it may still be stored, e.g. with a Set-Cookie.
 */
export function updatedHeaders (stored: StoredHeaders, update: Headers): StoredHeaders {
  const updated: Fields = { ...stored }
  // The update determines the response's age, even by not having a Date.
  delete updated['date']
  for (const [name, value] of Object.entries(endToEndHeaders(update))) {
    if (!notUpdated.has(name)) updated[name] = value
  }
  return updated
}
