/**
 * Splits a request target into its path and its query with the question mark; both may be empty.
 */
export function splitTarget (whole: string): readonly [path: string, query: string] {
  // A target has no fragment (RFC 9112, 3.2), but routers ignore one.
  const target = whole.includes('#') ? whole.slice(0, whole.indexOf('#')) : whole
  const start = target.startsWith('/') ? 0 : absoluteStart(target)
  const end = target.indexOf('?', start)
  return end === -1 ? [target.slice(start), ''] : [target.slice(start, end), target.slice(end)]
}

/** Returns where the path of a target in absolute form begins (RFC 9112, 3.2.2). */
function absoluteStart (target: string): number {
  const [authority] = /^[a-z][a-z\d+.-]*:\/\/[^/?#]*/i.exec(target) ?? ['']
  return authority.length
}

/**
 * Normalizes a path (RFC 3986, 6.2.2): percent-encoded characters that need no encoding are
 * decoded, others are in upper case, and dot segments are removed.
 * @example normalizedPath('/%61/./b/../c%2f') // '/a/c%2F'
 */
export function normalizedPath (path: string): string {
  const text = path.includes('%') ? normalizedEncoding(path) : path
  return text.includes('/.') ? withoutDots(text) : text
}

/** Returns whether a target's path has segments that normalization removes. */
export const hasDotSegments = (target: string): boolean =>
  /^[^?]*\/(?:\.|%2e){1,2}(?:[/?]|$)/i.test(target)

/** Normalizes percent-encoding, and encodes characters that would end a line. */
export function normalizedEncoding (text: string): string {
  if (!/[%\n]/.test(text)) return text
  return text
    .replace(/%([\da-f]{2})/gi, (encoded, hex: string) => {
      const character = String.fromCharCode(Number.parseInt(hex, 16))
      return /[\w.~-]/.test(character) ? character : encoded.toUpperCase()
    })
    .replaceAll('\n', '%0A')
}

/** Removes dot segments (RFC 3986, 5.2.4). */
function withoutDots (path: string): string {
  const kept: string[] = []
  const segments = path.split('/')
  for (const [i, segment] of segments.entries()) {
    const isLast = i === segments.length - 1
    if (segment === '..') {
      if (kept.length > 1) kept.pop()
      if (isLast) kept.push('')
    } else if (segment !== '.') kept.push(segment)
    else if (isLast) kept.push('')
  }
  return kept.join('/')
}

/**
 * Reduces a path to a form that is equal for all paths that some router treats as equal: decoded,
 * in lower case, with single slashes, and without the part after a semicolon. Used for
 * invalidation, where a match too many is harmless.
 * @param slash whether a final slash counts: `/a` and `/a/` are two resources, unless the router
 *   ignores it
 * @example commonPath('/Products//%31', true) // '/products/1'
 */
export function commonPath (path: string, slash: boolean): string {
  const [named = ''] = decoded(normalizedPath(path)).split(';', 1)
  const common = named.replace(/\/{2,}/g, '/').toLowerCase()
  return !slash && common.length > 1 && common.endsWith('/') ? common.slice(0, -1) : common
}

/**
 * Reduces a query in the same way as `commonPath`: decoded, and its parts sorted. Empty for an
 * empty one.
 */
export function commonQuery (query: string): string {
  const parts = decoded(query.slice(1)).split('&').filter((part) => part !== '')
  return parts.length === 0 ? '' : `?${parts.sort().join('&')}`
}

const decoded = (text: string) =>
  text.replace(/%([\da-f]{2})/gi, (_encoded, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16))
  )
