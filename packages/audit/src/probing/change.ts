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
  const own = Object.entries(change.query ?? {})
  const pairs = [
    ...search.split('&').filter((pair) => {
      const [name = ''] = pair.split('=')
      return pair !== '' && !own.some(([other]) => other === decodeURIComponent(name))
    }),
    ...own.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
  ].join('&') + (change.tail ?? '')
  const { body, headers = {} } = change
  return {
    method: change.method ?? method,
    path: (change.path?.(path) ?? path) + (pairs === '' ? '' : `?${pairs.replace(/^&/, '')}`),
    headers,
    ...(body !== undefined && { body })
  }
}
