import { fieldNames, type Headers } from './headers.js'

type Fields = Record<string, string | readonly string[]>

/** Headers as they are kept: plain JSON. */
export type StoredHeaders = Readonly<Fields>

// For one connection only (RFC 9110 7.6.1), or of the proxy a request went through (RFC 9111 3.1).
const hopByHop: ReadonlySet<string> = new Set([
  'connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade',
  'proxy-authenticate', 'proxy-authentication-info', 'proxy-authorization'
])

/**
 * What of a message's headers may be passed on: without hop-by-hop fields and those that Connection
 * lists (RFC 9110 7.6.1).
 */
export function endToEndHeaders (headers: Headers): StoredHeaders {
  return fieldsOf(headers, NOTHING)
}

const NOTHING: readonly string[] = []

/** All end-to-end fields but those left out. */
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
 * What of a response's headers is stored (RFC 9111 3.1). Left out are Age, which every reuse has
 * its own of, and Content-Length, which the body says. Date is always there (RFC 9110 6.6.1).
 *
 * @param restricted fields that `no-cache="..."` or `private="..."` keep out, in lower case
 *   (5.2.2.4, 5.2.2.7)
 * @param date when the response was generated, or else received, in ms since the epoch
 * @param keeps whether to keep a field that may be stored; Date is asked for too
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

// They describe the stored bytes, which are still those of the first response (RFC 9111 3.2).
const notUpdated: ReadonlySet<string> = new Set([
  'content-length',
  'content-encoding',
  'content-range'
])

/**
 * Stored headers with those that a 304, or a HEAD that agrees, brings (RFC 9111 3.2, 4.3.4, 4.3.5).
 * Judge the result as a new response, by `decideStoring`: that works out its age and freshness, and
 * whether it may be stored still, such as with a Set-Cookie.
 */
export function updatedHeaders (stored: StoredHeaders, update: Headers): StoredHeaders {
  const updated: Fields = { ...stored }
  // How old the response is now is for the update to say, even by not having a Date.
  delete updated['date']
  for (const [name, value] of Object.entries(endToEndHeaders(update))) {
    if (!notUpdated.has(name)) updated[name] = value
  }
  return updated
}
