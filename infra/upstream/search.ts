import { plain } from './cities.js'
import { knownCities } from './namesakes.js'

/**
 * Returns the response of /v1/search: cities whose name is the term, or begins with it if the term
 * has at least three letters.
 */
export function search (query: URLSearchParams): Record<string, unknown> {
  const term = plain(query.get('name') ?? '')
  const count = Number(query.get('count') ?? 10)
  const named = knownCities.filter(({ name }) => plain(name) === term)
  const begun =
    term.length < 3
      ? []
      : knownCities.filter(({ name }) => plain(name) !== term && plain(name).startsWith(term))
  const found = term.length < 2 ? [] : [...named, ...begun].slice(0, count)
  const results = found.map(({ countryCode, ...city }) => ({
    ...city,
    elevation: 38,
    feature_code: 'PPL',
    country_code: countryCode
  }))
  // Open-Meteo omits empty lists.
  return { ...(results.length > 0 && { results }), generationtime_ms: 0.1, source: 'simulated' }
}
