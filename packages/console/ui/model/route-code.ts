/** The cache options of a route, as instances report them. */
export type CacheConfig = Readonly<Record<string, unknown>>

/** Placeholder code for options that can be functions. */
const FUNCTIONS: Readonly<Record<string, string>> = {
  tags: '(request) => [/* tags */]',
  key: '(request) => /* key */',
  refresh: '(request) => /* true or false */',
  unless: '(request) => /* true or false */',
  onlyIf: '(request, reply) => /* true or false */'
}

/**
 * Generates the declaration of a route with its cache options.
 *
 * @param route such as `GET /api/products/:id`
 * @example routeCode('GET /a', { ttl: '60s' })
 */
export function routeCode (route: string, cache: CacheConfig): string {
  const [method = 'GET', url = '/'] = route.split(/ (.*)/s)
  const options = Object.entries(cache).map(
    ([name, value]) => `      ${key(name)}: ${literal(value, name)}`
  )
  const verb = method.toLowerCase()
  const [head, extra] = /^(get|head|post|put|patch|delete|options)$/.test(verb)
    ? [`app.${verb}(${text(url)}, {`, '']
    : ['app.route({', `  method: ${text(method)},\n  url: ${text(url)},\n  handler,\n`]
  return [
    `${head}\n${extra}  config: {`,
    '    cache: {',
    options.join(',\n'),
    '    }',
    '  }',
    extra === '' ? '}, handler)' : '})'
  ].join('\n')
}

/** Suggested options for a route that reports none. */
export const SUGGESTED: CacheConfig = { ttl: '60s' }

const isFunction = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'function' in value && value.function === true

const key = (name: string): string => /^[a-z_$][\w$]*$/i.test(name) ? name : text(name)

const text = (value: string): string =>
  `'${JSON.stringify(value).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`

function literal (value: unknown, name = ''): string {
  if (isFunction(value)) return FUNCTIONS[name] ?? '(request) => /* … */'
  if (typeof value === 'string') return text(value)
  if (Array.isArray(value)) return `[${value.map((one) => literal(one)).join(', ')}]`
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).map(([name, one]) => `${key(name)}: ${literal(one)}`)
    return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`
  }
  return String(value)
}
