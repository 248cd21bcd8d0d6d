import type { Method } from '../target/target.js'

/** A route as the audit found it: a pattern, and what is known of its inputs. */
export interface FoundRoute {
  readonly method: Method
  /** Pattern with `:name` or `{name}` parameters. */
  readonly pattern: string
  /** Example paths with query, the best first. */
  readonly examples: readonly string[]
  readonly params: Readonly<Record<string, string>>
  /** Names and examples of query parameters. */
  readonly query: Readonly<Record<string, string | undefined>>
  /** Required query parameters. */
  readonly required: readonly string[]
  readonly headers: readonly string[]
  readonly cookies: readonly string[]
  /** Whether `config.cache.public` says that all clients may get them; undefined if unknown. */
  readonly isPublic: boolean | undefined
}

type JsonObject = Readonly<Record<string, unknown>>

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const objectIn = (value: unknown, name: string): JsonObject => {
  const member = isObject(value) ? value[name] : undefined
  return isObject(member) ? member : {}
}

export const listIn = (value: unknown, name: string): readonly unknown[] => {
  const member = isObject(value) ? value[name] : undefined
  return Array.isArray(member) ? member : []
}

export const namesIn = (value: unknown, name: string): readonly string[] =>
  listIn(value, name).filter((one) => typeof one === 'string')

/** Returns an example of a JSON schema: its own, a default, or one of its type. */
export function exampleOf (schema: unknown): string | undefined {
  if (!isObject(schema)) return undefined
  const [example] = listIn(schema, 'examples')
  const [member] = listIn(schema, 'enum')
  const value = schema['example'] ?? example ?? schema['default'] ?? schema['const'] ?? member
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    return String(value)
  }
  const type = schema['type']
  if (type === 'integer' || type === 'number') {
    return typeof schema['minimum'] === 'number' ? String(Math.max(1, schema['minimum'])) : '1'
  }
  return type === 'boolean' ? 'true' : undefined
}

/** Examples of the properties of an object schema. */
export const examplesOf = (schema: unknown): Readonly<Record<string, string | undefined>> =>
  Object.fromEntries(
    Object.entries(objectIn(schema, 'properties')).map(([name, one]) => [name, exampleOf(one)])
  )

/** Leaves out the names without an example. */
export const known = (
  examples: Readonly<Record<string, string | undefined>>
): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(examples).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value]]))
