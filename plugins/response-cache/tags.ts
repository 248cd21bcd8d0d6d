import { keyTag } from '@weir/cache'
import { parseCacheGroups, type HeaderValue } from '@weir/http'
import type { FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import { ignoreRejection } from '../given.js'
import { declaredNames } from './query.js'

/**
 * Returns the tags of a request. Declared as a method, so that it may take a request of its route's
 * own type.
 */
export type TagFunction = {
  bivariant(request: FastifyRequest, reply: FastifyReply): readonly string[]
}['bivariant']

/**
 * Tags of a route: a list, in which `{name}` stands for the route parameter of that name, or else
 * the query parameter; or a function that returns it.
 * @example ['products', 'product:{id}']
 */
export type RouteTags = readonly string[] | TagFunction

const PLACEHOLDER = /\{([^{}]+)\}/g

/**
 * Returns the function for a route's tags, or for any other value that its own function returns.
 */
export function tagsFor (
  tags: RouteTags
): (request: FastifyRequest, reply: FastifyReply) => unknown {
  if (typeof tags === 'function') return tags
  const templates = tags.map(templateOf)
  if (templates.every(({ names }) => names.length === 0)) return () => tags
  return ({ params, query }) => templates.map((template) => filledIn(template, params, query))
}

/** Part of a route that declares its parameters. */
export type ParameterSource = Pick<RouteOptions, 'url' | 'schema' | 'validatorCompiler'>

/**
 * Finds a placeholder that no request can fill: it names neither a parameter of the path nor one of
 * the query schema. Without a schema, or with one that does not list all names, the query may have
 * any.
 * @returns the problem, or undefined
 */
export function unfillablePlaceholder (
  tags: readonly string[],
  route: ParameterSource
): string | undefined {
  const query = declaredNames(route)
  if (query === undefined) return undefined
  const names = [...pathNames(route.url), ...query]
  const unknown = tags
    .flatMap((tag) => [...tag.matchAll(PLACEHOLDER)])
    .find(([, name = '']) => !names.includes(name))
  if (unknown === undefined) return undefined
  return `has ${unknown[0]}, but the route has no such parameter: valid names are ` +
    `${names.length === 0 ? 'none' : names.join(', ')}`
}

/**
 * Returns the parameters of a path. Names end where find-my-way ends them; a double colon is a
 * colon of the path.
 */
const pathNames = (url: string) =>
  [...url.replaceAll('::', '').matchAll(/:([^:/(.?-]+)|\*/g)].map(
    ([wildcard, name = wildcard]) => name
  )

/** Parsed tag: each name is between two texts. */
interface Template {
  readonly texts: readonly string[]
  readonly names: readonly string[]
}

/** Parses a tag once: a route's tags are rendered for each response. */
function templateOf (tag: string): Template {
  // Splitting by an expression with a group returns alternating texts and names.
  const parts = tag.split(PLACEHOLDER)
  return { texts: parts.filter((_, i) => i % 2 === 0), names: parts.filter((_, i) => i % 2 === 1) }
}

/** Returns undefined if a parameter is missing, so that there is no tag. */
function filledIn (
  { texts, names }: Template,
  params: unknown,
  query: unknown
): string | undefined {
  let [tag = ''] = texts
  for (const [i, name] of names.entries()) {
    const value = valueOf(params, name) ?? valueOf(query, name)
    if (value === undefined) return undefined
    tag += value + (texts[i + 1] ?? '')
  }
  return tag
}

function valueOf (parameters: unknown, name: string): string | undefined {
  if (typeof parameters !== 'object' || parameters === null || !Object.hasOwn(parameters, name)) {
    return undefined
  }
  const value: unknown = Reflect.get(parameters, name)
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : undefined
}

/** Tags returned by a route's function, separated from invalid values. */
export interface GivenTags {
  readonly tags: readonly string[]
  /** Undefined if all tags are valid. */
  readonly malformed: unknown
}

/** Returns whether a value is a valid tag: a non-empty string of well-formed Unicode. */
export const isTag = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && !/\p{Cs}/u.test(value)

const KEY_MARK = keyTag('')

/**
 * Returns whether the tag is that of a key or URI: downstream caches derive those from method and
 * headers.
 */
export const isKeyTag = (tag: string) => tag.startsWith(KEY_MARK)

/** Checks the list of tags that a function of the application returned. */
export function givenTags (given: unknown): GivenTags {
  if (!Array.isArray(given)) {
    ignoreRejection(given)
    return { tags: [], malformed: given ?? String(given) }
  }
  const list: readonly unknown[] = given
  if (list.every(isTag)) return { tags: list, malformed: undefined }
  return { tags: list.filter(isTag), malformed: list.find((tag) => !isTag(tag)) ?? 'undefined' }
}

/**
 * Returns the groups of a field that are valid tags: an empty one, which the syntax allows, is
 * omitted.
 */
export const groupTags = (field: HeaderValue): readonly string[] =>
  field === undefined ? NONE : parseCacheGroups(field).filter(isTag)

const NONE: readonly string[] = []
