/** First character of the tag of a key, which is not for display. */
const MARK = '\u0001'

/** The tag that every entry has for its own key. */
export const tagOfKey = (key: string): string => MARK + key

export const withoutMark = (tag: string): string => tag.startsWith(MARK) ? tag.slice(1) : tag

/** Returns the first line of a key: the URL of a response. */
export const urlOf = (key: string): string => key.split('\n', 1)[0] ?? ''

const pathOf = (url: string) => url.replace(/^[a-z]+:\/\/[^/?#]*/i, '')

/**
 * Returns a function that tells whether a key is one of a URL: scheme and host count if the URL has
 * them, and the query if it has one.
 * @example keyMatcher('/products/1')('http://shop/products/1\n/products/:id []') // true
 */
export function keyMatcher (url: string): (key: string) => boolean {
  const isWhole = /^[a-z]+:\/\//i.test(url)
  const hasQuery = url.includes('?')
  return (key) => {
    const whole = urlOf(key)
    const name = isWhole ? whole : pathOf(whole)
    return (hasQuery ? name : name.split('?', 1)[0]) === url
  }
}

const PARAMETER = /([?&])([^=&#\n]+)=([^&#\n]*)/g

/**
 * Returns a function that removes the values of sensitive query parameters from URLs and keys.
 * @param names of parameters, in lower case, besides those that name secrets
 */
export function redactor (names: readonly string[]): (text: string) => string {
  const known = new Set(names.map((name) => name.toLowerCase()))
  return (text) =>
    text.includes('?')
      ? text.replace(PARAMETER, (whole, mark: string, name: string) =>
        SECRET.test(name) || known.has(nameIn(name)) ? `${mark}${name}=[redacted]` : whole)
      : text
}

const SECRET = /passw(?:or)?d|passphrase|secret|token|api[_-]?key|signature/i

function nameIn (text: string): string {
  try {
    return decodeURIComponent(text).toLowerCase()
  } catch {
    return text.toLowerCase()
  }
}
