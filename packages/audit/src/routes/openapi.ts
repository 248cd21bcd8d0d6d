import { exampleOf, type FoundRoute, isObject, known, listIn, objectIn } from './schema.js'

/** Reads the GET operations of an OpenAPI description; empty if it is none. */
export function openapiRoutes (description: unknown): readonly FoundRoute[] {
  return Object.entries(objectIn(description, 'paths')).flatMap(([pattern, item]) => {
    const get = objectIn(item, 'get')
    if (Object.keys(get).length === 0) return []
    const parameters = [...listIn(item, 'parameters'), ...listIn(get, 'parameters')]
      .map((one) => resolved(description, one))
      .filter(isObject)
    const of = (place: string) => parameters.filter((one) => one['in'] === place)
    const names = (place: string) => of(place).map((one) => String(one['name']))
    const examples = (place: string) => Object.fromEntries(of(place).map((one) =>
      [String(one['name']), exampleOf(one) ?? exampleOf(resolved(description, one['schema']))]))
    return [{
      method: 'GET',
      pattern,
      examples: [],
      params: known(examples('path')),
      query: examples('query'),
      required: of('query')
        .filter((one) => one['required'] === true)
        .map((one) => String(one['name'])),
      headers: names('header').map((name) => name.toLowerCase()),
      cookies: names('cookie'),
      isPublic: undefined
    }]
  })
}

/** Follows a reference within the description. */
function resolved (description: unknown, value: unknown): unknown {
  const ref = isObject(value) ? value['$ref'] : undefined
  if (typeof ref !== 'string' || !ref.startsWith('#/')) return value
  return ref.slice('#/'.length).split('/').reduce<unknown>((at, name) =>
    isObject(at) ? at[name.replaceAll('~1', '/').replaceAll('~0', '~')] : undefined, description)
}
