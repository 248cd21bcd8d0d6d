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
 * The identity of a response: the target URI, its route, and the request headers it varies by (RFC
 * 9111, sections 2 and 4.1).
 */
export interface ResponseKey {
  /** The target URI alone: the key of a response that nothing else selects. */
  readonly uri: string
  /**
   * Scheme, authority and path, and the query where its text counts: by that a write ends the
   * response.
   */
  readonly written: Written
  readonly key: string
  /**
   * Where a query counts by its text: the parts of which a response's No-Vary-Search makes another
   * key.
   */
  readonly parts?: Parts
  /** Where No-Vary-Search has made the key: the one that has the query as it was sent. */
  readonly exact?: ResponseKey
}

interface Parts {
  /** Scheme, authority and path. */
  readonly path: string
  /** As sent, with its question mark; or empty. */
  readonly query: string
  /** The lines that follow the URI's. */
  readonly lines: string
}

interface Written {
  readonly origin: string
  readonly path: string
  /** Undefined: whatever it is. */
  readonly query: string | undefined
  /** Whether a final slash counts. */
  readonly slash: boolean
}

/**
 * The tags by which an entry under one of the URI's keys ends with its URI, also by a write; that
 * of its own key it has anyway.
 */
export const targetTags = ({ uri, written }: ResponseKey, key: string): string[] =>
  [...new Set([uri, targetOf(written)])].filter((name) => name !== key).map(keyTag)

/**
 * The tags that a write to a URI invalidates: of what is stored for just this URI, however it is
 * spelled, and of what is stored for its path by routes on which the query counts as a schema or a
 * function of theirs has it, whatever its text.
 * @param target path and query
 * @param slash whether a final slash counts
 */
export function writtenTags (origin: string, target: string, slash: boolean): string[] {
  const [path, query] = splitTarget(target)
  const names = [query, undefined].map((query) => targetOf({ origin, path, query, slash }))
  return [...names, feedMarker({ origin, path, slash })].map(keyTag)
}

/** The key of a path's marker, which no response can have: see `PostFeed`. */
export const feedMarker = ({ origin, path, slash }: Omit<Written, 'query'>): string =>
  `POST ${origin}${commonPath(path, slash)}`

const targetOf = ({ origin, path, query, slash }: Written) =>
  origin + commonPath(path, slash) + (query === undefined ? ANY_QUERY : commonQuery(query))

// No URI has a fragment in a request.
const ANY_QUERY = '#'

export interface KeyOptions {
  /** Scheme and host of every URI; undefined: the request's own. */
  readonly origin: string | undefined
  /** Header fields by which responses differ, in lower case. */
  readonly vary: readonly string[]
  /** A function of the route's, which may return anything. */
  readonly custom: ((request: FastifyRequest) => unknown) | undefined
  /** Whether a final slash of a path counts. */
  readonly slash: boolean
  readonly queryText: QueryFunction
  /** Whether what counts of a query is not its text. */
  readonly hasQuerySchema: boolean
  readonly route: Pick<RouteOptions, 'url' | 'constraints'>
}

/**
 * Makes the key of a request. `INVALID_KEY`: the route's own function gave none;
 * `INVALID_CONSTRAINT`: the route is one of several for its path, and its constraints are nothing
 * by which every instance could tell it from the others.
 * @throws WEIR_ERR_AUTHORITY (400)
 */
export type KeyFunction = (
  request: FastifyRequest
) => ResponseKey | 'INVALID_KEY' | 'INVALID_CONSTRAINT'

/**
 * Makes the function from request to key for one route, to be called when the query has been
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
    // An origin ends before the first '#' or '/', so that no own key is taken for a path.
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

  // The URL says all: a key that is the same string each time is hashed once.
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

// Keys are lists of lines: the URI or the route's own key, the route if need be, a line for each
// selecting header, and where the response names more of them, an empty line and theirs. No line
// has a line feed within, and none is empty, so that two different lists never make the same key.
const BEFORE_VARIANT = '\n\n'

/**
 * The key of the variant that a request selects, where responses differ by these headers (RFC 9111,
 * section 4.1).
 */
export function variantKeyOf (
  primary: ResponseKey,
  names: readonly string[],
  request: FastifyRequest
): ResponseKey {
  return { ...primary, key: primary.key + BEFORE_VARIANT + selecting(names, request) }
}

/**
 * The key of the responses that have this No-Vary-Search, for the queries that it makes equivalent;
 * without one, the exact key.
 */
export function ruledKey (key: ResponseKey, rule: QueryVariance | undefined): ResponseKey {
  const exact = key.exact ?? key
  const { parts, written } = exact
  if (rule === undefined || parts === undefined || !isWellFormed(parts.query)) return exact
  const uri = `${ruleUri(parts)}${formatNoVarySearch(rule)}?${selectingQuery(rule, parts.query)}`
  return { uri, written: { ...written, query: undefined }, key: uri + parts.lines, exact }
}

/** The key under which a path's rule is kept: it has no query, so no URI has it. */
export function ruleKey (key: ResponseKey): ResponseKey | undefined {
  const { parts, written } = key.exact ?? key
  if (parts === undefined) return undefined
  const uri = ruleUri(parts)
  return { uri, written: { ...written, query: undefined }, key: uri + parts.lines }
}

// A rule's text has neither '?' nor '#', and no URI of a request has a fragment.
const ruleUri = ({ path }: Parts) => `${path}#`

/**
 * Queries that are not UTF-8 would be equivalent to others that are not, whatever the origin takes
 * them for.
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
 * Whether another route may have responses of the same URI: under a constraint; or under a path
 * with dot segments, for which routers take a parameter or `*` as it stands, and which is
 * normalized here.
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

/** Text without line feeds, different for different texts. */
const line = (text: string) =>
  /[\n\\]/.test(text) ? text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n') : text

/** The key if it is one: a non-empty string of well-formed Unicode. */
function ownKey (key: unknown): string | undefined {
  if (typeof key === 'string' && key !== '' && !/\p{Cs}/u.test(key)) return key
  ignoreRejection(key)
  return undefined
}
