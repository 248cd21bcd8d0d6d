import type { Headers } from './headers.js'

const safeMethods: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'OPTIONS',
  'TRACE',
  'PROPFIND',
  'REPORT',
  'SEARCH',
  'QUERY'
])

/**
 * Reports whether a method is safe (RFC 9110 9.2.1; the method registry). Unknown methods are
 * unsafe.
 */
export const isSafeMethod = (method: string): boolean => safeMethods.has(method)

/**
 * Returns the paths, with queries, whose stored responses a request invalidates (RFC 9111 4.4).
 *
 * These are its target, the target without its query (a parameter of a write rarely identifies
 * another resource), and Location and Content-Location if they have the target's origin: others
 * could be used to invalidate foreign resources. Empty if the method is safe or the response
 * reports a failure. Unknown methods are unsafe.
 *
 * @param request `origin` is scheme and host, `url` the target's path and query
 * @example
 * invalidatedPaths(
 *   { method: 'POST', origin: 'https://shop.example', url: '/products' },
 *   { status: 201, headers: { location: '/products/7' } }
 * ) // ['/products', '/products/7']
 */
export function invalidatedPaths (
  request: { readonly method: string, readonly origin: string, readonly url: string },
  response: { readonly status: number, readonly headers: Headers }
): string[] {
  if (isSafeMethod(request.method) || response.status < 200 || response.status >= 400) return []
  const paths = new Set([request.url, ...request.url.split('?', 1)])
  const target = request.origin + request.url
  if (!URL.canParse(target)) return [...paths]
  const { origin } = new URL(target)
  for (const name of ['location', 'content-location']) {
    const value = response.headers[name]
    if (typeof value !== 'string' || !URL.canParse(value, target)) continue
    const uri = new URL(value, target)
    if (uri.origin === origin) paths.add(uri.pathname + uri.search)
  }
  return [...paths]
}
