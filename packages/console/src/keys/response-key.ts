/** A key of the response cache, taken apart. */
export interface ResponseName {
  /** Scheme, authority, path and query; or the origin and the route's own key after a `#`. */
  readonly url: string
  /** The route's pattern, where the key names it. */
  readonly route?: string
  /** Request header fields that select the response, as `name: value`, or a rule. */
  readonly selects: readonly string[]
}

const URL_LINE = /^https?:\/\/[^\n]+$/
const ROUTE_LINE = /^(\/\S*) \[.*\]$/

/**
 * The parts of a key of `@weir/fastify/response-cache`, for people; undefined for any other key.
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

/** The path of a URL or of a route, for a table: as it is where it is neither. */
export const shortName = ({ url }: ResponseName): string => url.replace(/^https?:\/\/[^/#?]*/, '')
