import { dateOf, type ExchangeTimes } from './age.js'
import { explicitLifetime } from './freshness.js'
import type { Headers } from './headers.js'
import type { ResponseDirectives } from './response-directives.js'

/**
 * Reports whether a response to POST also answers a GET of the same URI.
 *
 * It does if it is a 200 with explicit freshness whose Content-Location is the target (RFC 9110
 * 8.7, 9.3.3).
 *
 * @param uri the absolute target URI
 * @example
 * feedsGet('http://a.test/cart', { status: 200, headers }, given, times) // with Content-Location: /cart
 */
export function feedsGet (
  uri: string | undefined,
  { status, headers }: { readonly status: number, readonly headers: Headers },
  given: ResponseDirectives,
  times: ExchangeTimes
): boolean {
  const location = headers['content-location']
  if (status !== 200 || uri === undefined || typeof location !== 'string') return false
  const lifetime = explicitLifetime(headers, given, dateOf(headers, times))?.lifetime ?? 0
  return lifetime > 0 && isSame(uri, location)
}

/** RFC 3986 6.2.2, 6.2.3; neither has a fragment (RFC 9110 4.1, 8.7). */
function isSame (uri: string, location: string): boolean {
  if (
    uri.includes('#') ||
    location.includes('#') ||
    !URL.canParse(uri) ||
    !URL.canParse(location, uri)
  ) { return false }
  return normalized(new URL(uri)) === normalized(new URL(location, uri))
}

/** Only unreserved characters are equivalent with and without percent-encoding. */
const normalized = ({ href }: URL) => href.replace(/%([\da-f]{2})/gi, (encoded, hex: string) => {
  const character = String.fromCharCode(Number.parseInt(hex, 16))
  return /[\w.~-]/.test(character) ? character : encoded.toUpperCase()
})
