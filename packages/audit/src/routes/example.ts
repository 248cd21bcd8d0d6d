import { type FoundRoute, isObject } from './schema.js'

const PARAMETER = /:(\w+)(?:\([^)]*\))?\??|\{(\w+)\}/g

/** Names of the parameters of a pattern, in order. */
export const parametersOf = (pattern: string): readonly string[] =>
  [...pattern.matchAll(PARAMETER)].map(([, colon, brace]) => colon ?? brace ?? '')

/**
 * Returns URLs of a route to try, the best first: its own examples, then its pattern with values
 * for the parameters.
 * @param values by name of the parameter, from options and lists that the app returned
 */
export function urlsOf (
  route: FoundRoute, values: ReadonlyMap<string, readonly string[]>
): readonly string[] {
  const names = parametersOf(route.pattern)
  const filled = (names.length === 0 ? [{}] : candidates(route, names, values))
    .flatMap((chosen) => (route.pattern.includes('*') ? REST : ['']).map((rest) =>
      fill(route.pattern.replace('*', () => rest), chosen)))
  const required = route.required.map((name) =>
    `${encodeURIComponent(name)}=${encodeURIComponent(values.get(name)?.[0] ?? route.query[name] ?? 'a')}`)
  const search = required.length === 0 ? '' : `?${required.join('&')}`
  return [...route.examples, ...filled.map((path) => path + search)]
}

const MOST = 4

/** Values of a wildcard. */
const REST = ['page', 'page.html', '1', '']

function candidates (
  route: FoundRoute,
  names: readonly string[],
  values: ReadonlyMap<string, readonly string[]>
): readonly Readonly<Record<string, string>>[] {
  return Array.from({ length: MOST }, (_, i) => Object.fromEntries(names.map((name) => {
    const known = [
      ...(values.get(name) ?? []),
      ...(route.params[name] === undefined ? [] : [route.params[name]]),
      '1'
    ]
    return [name, known[Math.min(i, known.length - 1)] ?? '1']
  })))
}

/** Writes values into a pattern. */
export const fill = (pattern: string, values: Readonly<Record<string, string>>): string =>
  pattern.replaceAll(PARAMETER, (_, colon: string | undefined, brace: string | undefined) =>
    encodeURIComponent(values[colon ?? brace ?? ''] ?? '1'))

/** Reads members of the objects of a JSON document that may be values of parameters. */
export function valuesIn (text: string): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>()
  const visit = (value: unknown, depth: number): void => {
    if (depth > 3) return
    if (Array.isArray(value)) for (const one of value.slice(0, 3)) visit(one, depth + 1)
    else if (isObject(value)) {
      for (const [name, member] of Object.entries(value)) {
        if (typeof member === 'string' || typeof member === 'number') {
          const list = found.get(name) ?? []
          if (list.length < 3) found.set(name, [...list, String(member)])
        } else visit(member, depth + 1)
      }
    }
  }
  try {
    visit(JSON.parse(text), 0)
  } catch {
    // A page has no members.
  }
  return found
}
