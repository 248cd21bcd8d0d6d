import type { FastifyRequest, RouteOptions } from 'fastify'
import { normalizedEncoding, splitTarget } from './path.js'
import { isDictionary, isPlain } from './plain.js'

/**
 * Returns the part of a request's query on which its response depends, as text that begins with `?`
 * or is empty.
 */
export type QueryFunction = (request: FastifyRequest, raw: string) => string

const declaredQuery = ({ schema }: Pick<RouteOptions, 'schema'>): unknown =>
  schema?.querystring ?? (schema && Reflect.get(schema, 'query'))

/** Returns whether queries count by a schema instead of their text. */
export const hasQuerySchema = (route: Pick<RouteOptions, 'schema'>): boolean => {
  const declared = declaredQuery(route)
  return declared !== undefined && declared !== null
}

/**
 * Returns the query function of one route, to be called when the query has been validated.
 *
 * Without a schema the result is the query as sent. With one it is the validated query in a fixed
 * order: the declared names, if the schema lists all of them, otherwise all names left by
 * validation.
 * @param names result of `declaredNames`
 */
export function queryOf (
  route: Pick<RouteOptions, 'schema'>,
  names: readonly string[] | undefined
): QueryFunction {
  if (!hasQuerySchema(route)) return (_request, raw) => normalizedEncoding(raw)
  return ({ query }, raw) => {
    if (typeof query !== 'object' || query === null || !isDictionary(query)) {
      return normalizedEncoding(raw)
    }
    return (
      textOf(names ?? Object.keys(query).sort(), query as Readonly<Record<string, unknown>>) ??
      normalizedEncoding(raw)
    )
  }
}

/**
 * Hides undeclared parameters of a query from the handler. A response cannot depend on them, so
 * clients cannot fill the cache with `?x=1`, `?x=2`, ...
 * @returns a function that restores the request's own URL; undefined if nothing is hidden
 */
export function hideUndeclared (
  request: FastifyRequest,
  names: readonly string[] | undefined
): (() => void) | undefined {
  const { query, raw } = request
  if (names === undefined || typeof query !== 'object' || query === null || !isDictionary(query)) {
    return undefined
  }
  const undeclared = Object.keys(query).filter((name) => !names.includes(name))
  if (undeclared.length === 0) return undefined
  const { url = '' } = raw
  const [path, text] = splitTarget(url)
  // Names added by hooks stay.
  const sent = textOfForm(text)
  const hidden = undeclared.filter((name) => sent.includes(name))
  if (hidden.length === 0) return undefined
  request.query = without(query, hidden)
  const kept = text
    .slice(1)
    .split('&')
    .filter((pair) => names.includes(nameOf(pair)))
  raw.url = kept.length === 0 ? path : `${path}?${kept.join('&')}`
  return () => {
    raw.url = url
  }
}

const nameOf = (pair: string): string => textOfForm(pair.split('=', 1)[0] ?? '')

function textOfForm (text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}

// Keywords with which `properties` lists all names.
const PLAIN = new Set([
  'type',
  'properties',
  'required',
  'title',
  'description',
  'examples',
  'default',
  'deprecated',
  '$id',
  '$schema',
  '$comment',
  'minProperties',
  'maxProperties'
])

/** Returns the names in a route's query schema, sorted; undefined if there may be others. */
export function declaredNames (
  route: Pick<RouteOptions, 'schema' | 'validatorCompiler'>
): readonly string[] | undefined {
  const schema = declaredQuery(route)
  if (route.validatorCompiler !== undefined || typeof schema !== 'object' || schema === null) {
    return undefined
  }
  const isPlain = Object.entries(schema).every(
    ([keyword, value]) =>
      PLAIN.has(keyword) || (keyword === 'additionalProperties' && value === false)
  )
  const { properties } = schema as { properties?: unknown }
  if (!isPlain || typeof properties !== 'object' || properties === null) return undefined
  return Object.keys(properties).sort()
}

function without (query: object, hidden: readonly string[]): object {
  const kept = Object.create(null) as Record<string, unknown>
  for (const [name, value] of Object.entries(query)) {
    if (!hidden.includes(name)) kept[name] = value
  }
  return kept
}

/**
 * Returns text that differs for different values; undefined if JSON cannot distinguish one of them.
 */
function textOf (
  names: readonly string[],
  query: Readonly<Record<string, unknown>>
): string | undefined {
  let text = ''
  for (const name of names) {
    if (!Object.hasOwn(query, name)) continue
    const value = query[name]
    if (value === undefined) continue
    if (!isPlain(name) || !isPlain(value)) return undefined
    text += `${text === '' ? '?' : '&'}${encodeURIComponent(name)}=${encodeURIComponent(spelled(value))}`
  }
  return text
}

/** Returns a string unchanged, unless it could be confused with another value. */
function spelled (value: unknown): string {
  return typeof value === 'string' && !/^(?:[-\d"[{]|true$|false$|null$)/.test(value)
    ? value
    : JSON.stringify(value)
}
