import type { ObservedRoute } from '../target/observe.js'
import { examplesOf, type FoundRoute, isObject, known, namesIn, objectIn } from './schema.js'

/** The GET routes that an observed app declared, with what their schemas say. */
export const declaredRoutes = (routes: readonly ObservedRoute[]): readonly FoundRoute[] =>
  routes
    .filter(({ method }) => [method].flat().includes('GET'))
    .map(({ url, schema, config }) => {
      const query = schemaOf(schema, 'querystring', 'query')
      const cache = objectIn(config, 'cache')
      return {
        method: 'GET',
        pattern: url.startsWith('/') ? url : `/${url}`,
        examples: namesIn(config, 'examples'),
        params: known(examplesOf(schemaOf(schema, 'params'))),
        query: examplesOf(query),
        required: namesIn(query, 'required'),
        headers: Object.keys(examplesOf(schemaOf(schema, 'headers'))),
        cookies: [],
        isPublic: cache['public'] === true
      }
    })

const schemaOf = (schema: unknown, ...names: readonly string[]) => {
  const name = names.find((one) => isObject(schema) && isObject(schema[one]))
  return name === undefined ? {} : objectIn(schema, name)
}
