import { keyTag } from '@weir/cache'
import { formatNoVarySearch, type QueryVariance, selectingQuery, variantKey } from '@weir/http'
import type { FastifyRequest, RouteOptions } from 'fastify'
import { originOf } from './authority.js'
import { ignoreRejection, resultOf } from '../given.js'
import { commonPath, commonQuery, normalizedPath, splitTarget } from './path.js'
import { isPlain } from './plain.js'
import type { QueryFunction } from './query.js'
import { RecentKeys } from '@weir/internal'

/**
 * Identity of a response: the target URI, its route, and the request headers it varies by (RFC
 * 9111, sections 2 and 4.1).
 */
export interface ResponseKey {
  /** Target URI alone: the key of a response without other selecting properties. */
  readonly uri: string
  /**
   * Scheme, authority and path, and the query if its text counts: a write to these invalidates the
   * response.
   */
  readonly written: Written
  readonly key: string
  /**
   * Parts from which a response's No-Vary-Search derives another key, if a query counts by its
   * text.
   */
  readonly parts?: Parts
  /** Key with the query as sent, if No-Vary-Search has derived this one. */
  readonly exact?: ResponseKey
}

interface Parts {
  /** Scheme, authority and path. */
  readonly path: string
  /** Query as sent, with its question mark; or empty. */
  readonly query: string
  /** Lines after the URI. */
  readonly lines: string
}

interface Written {
  readonly origin: string
  readonly path: string
  /** Undefined: any query. */
  readonly query: string | undefined
  /** Whether a final slash counts. */
  readonly slash: boolean
}

/**
 * Returns the tags that invalidate an entry under one of the URI's keys together with its URI, also
 * on a write. The tag of the entry's own key is implied.
 */
export const targetTags = ({ uri, written }: ResponseKey, key: string): string[] =>
  [...new Set([uri, targetOf(written)])].filter((name) => name !== key).map(keyTag)

/**
 * Returns the tags that a write to a URI invalidates: of responses stored for exactly this URI in
 * any spelling, and of responses stored for its path by routes whose queries count by a schema or a
 * function, regardless of their text.
 * @param target path and query
 * @param slash whether a final slash counts
 */
export function writtenTags (origin: string, target: string, slash: boolean): string[] {
  const [path, query] = splitTarget(target)
  const names = [query, undefined].map((query) => targetOf({ origin, path, query, slash }))
  return [...names, feedMarker({ origin, path, slash })].map(keyTag)
}

/** Returns the key of a path's marker, which no response can have: see `PostFeed`. */
export const feedMarker = ({ origin, path, slash }: Omit<Written, 'query'>): string =>
  `POST ${origin}${commonPath(path, slash)}`

const targetOf = ({ origin, path, query, slash }: Written) =>
  origin + commonPath(path, slash) + (query === undefined ? ANY_QUERY : commonQuery(query))

// URIs of requests have no fragment.
const ANY_QUERY = '#'

export interface KeyOptions {
  /** Scheme and host of every URI; undefined: the request's own. */
  readonly origin: string | undefined
  /** Header fields by which responses differ, in lower case. */
  readonly vary: readonly string[]
  /** The route's own key function, which may return anything. */
  readonly custom: ((request: FastifyRequest) => unknown) | undefined
  /** Whether a final slash of a path counts. */
  readonly slash: boolean
  readonly queryText: QueryFunction
  /** Whether queries count by a schema instead of their text. */
  readonly hasQuerySchema: boolean
  readonly route: Pick<RouteOptions, 'url' | 'constraints'>
}

/**
 * Returns the key of a request. `INVALID_KEY`: the route's own function returned none;
 * `INVALID_CONSTRAINT`: the route is one of several for its path, and its constraints do not
 * identify it on every instance.
 * @throws WEIR_ERR_AUTHORITY (400)
 */
export type KeyFunction = (
  request: FastifyRequest
) => ResponseKey | 'INVALID_KEY' | 'INVALID_CONSTRAINT'

/**
 * Returns the function from request to key for one route, to be called when the query has been
 * validated.
 */
export function keyOf ({
  origin,
  slash,
  vary,
  custom,
  queryText,
  hasQuerySchema,
  route
}: KeyOptions): KeyFunction {
  const names = [...vary].sort()
  const routeName = nameOf(route)
  const isOfUri = custom === undefined && !hasQuerySchema
  if (routeName === undefined) return () => 'INVALID_CONSTRAINT'
  const routeLine = custom !== undefined || mayShareUris(route) ? `\n${line(routeName)}` : ''

  const make = (request: FastifyRequest, base: string): ReturnType<KeyFunction> => {
    const [path, query] = splitTarget(request.url)
    const text = queryText(request, query)
    const own = custom && ownKey(resultOf(() => custom(request)))
    if (custom !== undefined && own === undefined) return 'INVALID_KEY'
    // An origin ends before the first '#' or '/', so that custom keys cannot be confused with a
    // path.
    const uri = own === undefined ? base + normalizedPath(path) + text : `${base}#${line(own)}`
    const lines = names.length === 0 ? routeLine : `${routeLine}\n${selecting(names, request)}`
    const written = { origin: base, path, query: isOfUri ? text : undefined, slash }
    if (!isOfUri) return { uri, written, key: uri + lines }
    return {
      uri,
      written,
      key: uri + lines,
      parts: { path: uri.slice(0, uri.length - text.length), query, lines }
    }
  }
  const originIn = origin === undefined ? originOf : () => origin
  if (!isOfUri || names.length > 0) return (request) => make(request, originIn(request))

  // The URL determines the key: a key that is the same string each time is hashed once.
  const known = new RecentKeys<ResponseKey>()
  return (request) => {
    const base = originIn(request)
    const before = known.get(request.url)
    if (before?.written.origin === base) return before
    const key = make(request, base)
    if (typeof key === 'object') known.set(request.url, key)
    return key
  }
}

// Keys are lists of lines: the URI or the route's own key, the route if necessary, and a line for
// each selecting header. If the response names more headers, an empty line and their lines follow.
// Lines contain no line feed and are not empty, so that two different lists never result in the
// same key.
const BEFORE_VARIANT = '\n\n'

/**
 * Returns the key of the variant that a request selects, if responses differ by these headers (RFC
 * 9111, section 4.1).
 */
export function variantKeyOf (
  primary: ResponseKey,
  names: readonly string[],
  request: FastifyRequest
): ResponseKey {
  return { ...primary, key: primary.key + BEFORE_VARIANT + selecting(names, request) }
}

/**
 * Returns the key of the responses that have this No-Vary-Search, for the queries that it makes
 * equivalent; without one, the exact key.
 */
export function ruledKey (key: ResponseKey, rule: QueryVariance | undefined): ResponseKey {
  const exact = key.exact ?? key
  const { parts, written } = exact
  if (rule === undefined || parts === undefined || !isWellFormed(parts.query)) return exact
  const uri = `${ruleUri(parts)}${formatNoVarySearch(rule)}?${selectingQuery(rule, parts.query)}`
  return { uri, written: { ...written, query: undefined }, key: uri + parts.lines, exact }
}

/** Returns the key under which a path's rule is stored: it has no query, so no URI has it. */
export function ruleKey (key: ResponseKey): ResponseKey | undefined {
  const { parts, written } = key.exact ?? key
  if (parts === undefined) return undefined
  const uri = ruleUri(parts)
  return { uri, written: { ...written, query: undefined }, key: uri + parts.lines }
}

// Rules contain neither '?' nor '#', and URIs of requests have no fragment.
const ruleUri = ({ path }: Parts) => `${path}#`

/**
 * Returns whether a query is valid UTF-8: invalid ones would be equivalent to each other,
 * regardless of their meaning to the origin.
 */
function isWellFormed (query: string): boolean {
  if (!/^[\x21-\x7e]*$/.test(query)) return false
  try {
    return !query.includes('%') || decodeURIComponent(query) !== ''
  } catch {
    return false
  }
}

/**
 * Returns whether another route may have responses of the same URI: under a constraint; or under a
 * path with dot segments, which is normalized here, but which routers pass unchanged to a parameter
 * or `*`.
 */
const mayShareUris = ({ url, constraints = {} }: KeyOptions['route']) =>
  /[:*]/.test(url) || Object.keys(constraints).length > 0

function nameOf ({ url, constraints = {} }: KeyOptions['route']): string | undefined {
  const values = Object.entries(constraints).sort().map(([name, value]: [string, unknown]) =>
    value instanceof RegExp ? [name, String(value), 'RegExp'] : [name, value])
  return values.every(isPlain) ? `${url} ${JSON.stringify(values)}` : undefined
}

const selecting = (names: readonly string[], { headers }: FastifyRequest) =>
  names.map((name) => line(variantKey([name], headers))).join('\n')

/** Encodes text without line feeds, different for different texts. */
const line = (text: string) =>
  /[\n\\]/.test(text) ? text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n') : text

/** Returns the key if it is valid: a non-empty string of well-formed Unicode. */
function ownKey (key: unknown): string | undefined {
  if (typeof key === 'string' && key !== '' && !/\p{Cs}/u.test(key)) return key
  ignoreRejection(key)
  return undefined
}
