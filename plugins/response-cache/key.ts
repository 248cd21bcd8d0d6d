import { variantKey } from '@weir/http'
import type { FastifyRequest, FastifySchema } from 'fastify'

/** What identifies a response: the target URI, and the request headers it varies by (RFC 9111, sections 2 and 4.1). */
export interface ResponseKey {
  /** The target URI alone: the key where there are no variants. A write to it invalidates all of them. */
  readonly uri: string
  readonly key: string
}

export interface KeyOptions {
  /** Scheme and host of every URI; undefined: the request's own. */
  readonly origin: string | undefined
  readonly vary: readonly string[]
  /** A function of the route's, which may return anything. */
  readonly custom: ((request: FastifyRequest) => unknown) | undefined
  readonly schema: FastifySchema | undefined
}

/** Makes the key of a request; `INVALID_KEY` if the route's own function gave none. */
export type KeyFunction = (request: FastifyRequest) => ResponseKey | 'INVALID_KEY' | undefined

/**
 * Makes the function from request to key for one route.
 *
 * With a query schema only declared parameters count, coerced, defaulted and in one order, and only they reach the
 * handler: what it cannot see cannot make its response differ, so nobody can fill the cache with `?x=1`, `?x=2`, ...
 * The function returns undefined for a query that the schema refuses: that is for the route's own validation to answer.
 */
export function keyOf ({ origin, vary, custom, schema }: KeyOptions): KeyFunction {
  const names = vary.map((name) => name.toLowerCase()).sort()
  const parameters = declaredParameters(schema)

  return (request) => {
    const base = origin ?? originOf(request)
    const query = parameters === undefined ? rawQuery(request.url) : normalizedQuery(request, parameters)
    if (query === undefined) return undefined
    const uri = uriOf(base, pathOf(request.url) + query)
    const own = custom === undefined ? undefined : ownKey(custom(request))
    if (custom !== undefined && own === undefined) return 'INVALID_KEY'
    // An origin ends before the first '#' or '/', so that no own key is taken for a URI.
    const key = own === undefined ? uri : `${base}#${line(own)}`
    return { uri, key: names.length === 0 ? key : `${key}\n${selecting(names, request)}` }
  }
}

// Keys are lists of lines: the URI or the route's own key, a line for each selecting header, and where the
// response names more of them, an empty line and theirs. No line has a line feed within, and none of a header
// is empty, so that two different lists never make the same key.
const BEFORE_VARIANT = '\n\n'

/** The key of the variant that a request selects, where responses differ by these headers (RFC 9111, section 4.1). */
export function variantKeyOf ({ uri, key }: ResponseKey, names: readonly string[], request: FastifyRequest): ResponseKey {
  return { uri, key: key + BEFORE_VARIANT + selecting(names, request) }
}

/** The URI of a path with its query: one line, whatever has rewritten the path. */
export const uriOf = (origin: string, path: string) => path.includes('\n') ? origin + path.replaceAll('\n', '%0A') : origin + path

const selecting = (names: readonly string[], { headers }: FastifyRequest) =>
  names.map((name) => line(variantKey([name], headers))).join('\n')

/** Text without line feeds, different for different texts. */
const line = (text: string) => /[\n\\]/.test(text) ? text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n') : text

/** The key if it is one: a non-empty string of well-formed Unicode. */
function ownKey (key: unknown): string | undefined {
  if (typeof key === 'string' && key !== '' && !/\p{Cs}/u.test(key)) return key
  ignoreRejection(key)
  return undefined
}

/** Keeps a promise that nobody waits for, because it should not be one, from ending the process. */
export function ignoreRejection (value: unknown): void {
  if (value instanceof Promise) value.catch(() => {})
}

/** Scheme and host of a request. Characters that end an authority are encoded: a client may send any Host. */
export const originOf = (request: FastifyRequest) => `${delimited(request.protocol)}://${delimited(request.host)}`

const delimited = (text: string) => /[/?#\\%\s]/.test(text) ? encodeURIComponent(text) : text

/** The path of a request target, without its query. */
export function pathOf (url: string): string {
  const end = url.indexOf('?')
  return end === -1 ? url : url.slice(0, end)
}

function rawQuery (url: string): string {
  const start = url.indexOf('?')
  return start === -1 ? '' : url.slice(start)
}

/** The names in a route's query schema, sorted; undefined if it has none to go by. */
function declaredParameters (schema: FastifySchema | undefined): readonly string[] | undefined {
  const query = schema?.querystring
  if (typeof query !== 'object' || query === null || !('properties' in query)) return undefined
  const { properties } = query
  return typeof properties === 'object' && properties !== null ? Object.keys(properties).sort() : undefined
}

/** Runs the route's own compiled validator, which coerces and sets defaults, over the declared parameters. */
function normalizedQuery (request: FastifyRequest, names: readonly string[]): string | undefined {
  const given: Record<string, unknown> = {}
  if (typeof request.query === 'object') Object.assign(given, request.query)
  const query: Record<string, unknown> = {}
  for (const name of names) {
    if (given[name] !== undefined) query[name] = given[name]
  }
  const validate = request.getValidationFunction('querystring')
  if (validate !== undefined && validate(query) !== true) return undefined
  request.query = query
  let text = ''
  for (const name of names) {
    const value = query[name]
    if (value === undefined) continue
    text += `${text === '' ? '?' : '&'}${name}=${encodeURIComponent(typeof value === 'string' ? value : JSON.stringify(value))}`
  }
  return text
}
