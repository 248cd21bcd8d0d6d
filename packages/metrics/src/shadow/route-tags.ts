// Names end where the router ends them; a double colon is a colon of the path.
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
    const [, name] = PARAMETER.exec(segment) ?? []
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

const singular = (name: string): string =>
  name.length > 3 && /[^isu]s$/.test(name) && name !== 'news'
    ? name.replace(/ies$/, 'y').replace(/s$/, '')
    : name
