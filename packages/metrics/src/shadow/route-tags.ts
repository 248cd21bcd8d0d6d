// Names end where the router ends them. Optional parameters may be absent, and a double colon is
// part of the name for the router, so that neither gives a tag.
const PARAMETER = /^:([^:/(.?*{}-]+)/

/**
 * Suggests tags of a route, as `config.cache.tags` has them: one for the collection that it reads,
 * and one for each thing that its path names.
 * @param path the route's path
 * @example suggestedTags('/api/products/:id') // ['products', 'product:{id}']
 */
export function suggestedTags (path: string): string[] {
  const segments = segmentsOf(path)
  const things = segments.flatMap((segment, i) => {
    const [, name] = /%3A|\?$/.test(segment) ? [] : PARAMETER.exec(segment) ?? []
    const collection = segments[i - 1]
    return name === undefined || collection === undefined || !isName(collection)
      ? []
      : [`${singular(collection)}:{${name}}`]
  })
  const collection = segments.findLast(isName)
  return [...new Set([...(collection === undefined ? [] : [collection]), ...things])]
}

/** Returns the collections that a path names. Writes to one may change what reads of it return. */
export const collectionsOf = (path: string): string[] => segmentsOf(path).filter(isName)

const segmentsOf = (path: string): string[] => {
  const segments = path.replaceAll('::', '%3A').split('/').filter((segment) => segment !== '')
  // Common beginnings of paths are no collections.
  const first = segments.findIndex((segment) => !/^(?:api|v\d+)$/i.test(segment))
  return first < 0 ? [] : segments.slice(first)
}

const isName = (segment: string) => /^[\w.~-]+$/.test(segment)

const SAME = new Set(['news', 'series', 'species'])

function singular (name: string): string {
  if (name.length <= 3 || SAME.has(name)) return name
  if (/(?:x|ss|sh|ch)es$/.test(name)) return name.slice(0, -2)
  if (/ies$/.test(name)) return name.replace(/ies$/, 'y')
  return /[^isu]s$/.test(name) ? name.slice(0, -1) : name
}
