/** The parts of a response-cache key. */
export interface ResponseName {
  /** Scheme, authority, path and query; or the origin and the route's custom key after a `#`. */
  readonly url: string
  /** The route pattern, if the key contains it. */
  readonly route?: string
  /** Request header fields that select the response, as `name: value`, or a rule. */
  readonly selects: readonly string[]
}

const URL_LINE = /^https?:\/\/[^\n]+$/
const ROUTE_LINE = /^(\/\S*) \[.*\]$/

/**
 * Splits a key of `@weir/fastify/response-cache` into readable parts; undefined for other keys.
 * @example nameOf('http://shop/products/1\n/products/:id []') // { url: 'http://shop/products/1', … }
 */
export function nameOf (key: string): ResponseName | undefined {
  const [url = '', ...lines] = key.split('\n')
  if (!URL_LINE.test(url)) return undefined
  const [route] = lines.flatMap((line) => ROUTE_LINE.exec(line)?.[1] ?? [])
  return {
    url,
    ...(route !== undefined && { route }),
    selects: lines.filter((line) => line !== '' && !ROUTE_LINE.test(line))
  }
}

/** Returns the path of a URL or route, for tables; any other text is returned unchanged. */
export const shortName = ({ url }: ResponseName): string => url.replace(/^https?:\/\/[^/#?]*/, '')
