import type { Method, RequestHeaders, Sent } from '../target/target.js'

/** Differences of one request from the plain request of its route. */
export interface Change {
  readonly headers?: RequestHeaders
  /** Parameters that replace those of the same name, encoded. */
  readonly query?: Readonly<Record<string, string>>
  /** Text that follows the query as it is, such as `;a=1` or `&a=2`. */
  readonly tail?: string
  /** Returns another path. */
  readonly path?: (path: string) => string
  readonly method?: Method
  readonly body?: string
}

/** Joins two changes; the second wins. */
export const both = (a: Change, b: Change): Change => ({
  ...a,
  ...b,
  headers: { ...a.headers, ...b.headers },
  query: { ...a.query, ...b.query }
})

/** Builds a request. @param url path and query of the route */
export function sentOf (method: Method, url: string, change: Change): Sent {
  const at = url.indexOf('?')
  const [path, search] = at < 0 ? [url, ''] : [url.slice(0, at), url.slice(at + 1)]
  const own = new Map(Object.entries(change.query ?? {}))
  const pairOf = (name: string, value: string) =>
    `${encodeURIComponent(name)}=${encodeURIComponent(value)}`
  // A value is replaced in its place: some keys depend on the order.
  const replaced = search.split('&').flatMap((pair) => {
    const name = decodeURIComponent(pair.split('=')[0] ?? '')
    if (pair === '' || change.query?.[name] === undefined) return pair === '' ? [] : [pair]
    const value = own.get(name)
    own.delete(name)
    return value === undefined ? [] : [pairOf(name, value)]
  })
  const added = [...own].map(([name, value]) => pairOf(name, value))
  const pairs = [...replaced, ...added].join('&') + (change.tail ?? '')
  const { body, headers = {} } = change
  return {
    method: change.method ?? method,
    path: (change.path?.(path) ?? path) + (pairs === '' ? '' : `?${pairs.replace(/^&/, '')}`),
    headers,
    ...(body !== undefined && { body })
  }
}
