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
  readonly custom: ((request: FastifyRequest) => string) | undefined
  readonly schema: FastifySchema | undefined
}

/**
 * Makes the function from request to key for one route.
 *
 * With a query schema only declared parameters count, coerced, defaulted and in one order, and only they reach the
 * handler: what it cannot see cannot make its response differ, so nobody can fill the cache with `?x=1`, `?x=2`, ...
 * The function returns undefined for a query that the schema refuses: that is for the route's own validation to answer.
 */
export function keyOf ({ origin, vary, custom, schema }: KeyOptions): (request: FastifyRequest) => ResponseKey | undefined {
  const names = vary.map((name) => name.toLowerCase()).sort()
  const parameters = declaredParameters(schema)

  return (request) => {
    const base = origin ?? originOf(request)
    const query = parameters === undefined ? rawQuery(request.url) : normalizedQuery(request, parameters)
    if (query === undefined) return undefined
    const uri = base + pathOf(request.url) + query
    const key = custom === undefined ? uri : `${base}#${custom(request)}`
    return { uri, key: names.length === 0 ? key : `${key}\n${variantKey(names, request.headers)}` }
  }
}

// A URI has no line feed, and what follows one in a key has no two.
const BEFORE_VARIANT = '\n\n'

/** The key of the variant that a request selects, where responses differ by these headers (RFC 9111, section 4.1). */
export function variantKeyOf ({ uri, key }: ResponseKey, names: readonly string[], request: FastifyRequest): ResponseKey {
  return { uri, key: key + BEFORE_VARIANT + variantKey(names, request.headers) }
}

/** The names in the key of a variant; undefined if it is none. */
export function variantNames (key: string, of: string): string[] | undefined {
  if (!key.startsWith(of + BEFORE_VARIANT)) return undefined
  return key.slice(of.length + BEFORE_VARIANT.length).split('\n').map((field) => field.split(':', 1)[0] ?? '')
}

export const originOf = (request: FastifyRequest) => `${request.protocol}://${request.host}`

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
