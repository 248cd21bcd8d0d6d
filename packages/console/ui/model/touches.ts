import { type FleetEvent } from './api.js'
import { type CacheConfig } from './route-code.js'

/** The reason an invalidation touched a route. */
export type Touch = 'all' | 'tag' | 'url'

interface RouteSubject {
  readonly service: string
  /** Method and URL pattern, such as `GET /api/products/:id`. */
  readonly route: string
  readonly config: CacheConfig | null
}

/** Returns the declared tags of a route, with `{name}` for parameters; undefined for a function. */
export function tagsOf (config: CacheConfig | null): readonly string[] | undefined {
  const tags = config?.['tags']
  if (tags === undefined) return []
  return Array.isArray(tags) ? tags.filter((tag) => typeof tag === 'string') : undefined
}

/**
 * Tells how an invalidation touched responses of a route: by the whole namespace, by a declared
 * tag, or by a URL of the route. Undefined if no effect is known.
 */
export function touchOf (event: FleetEvent, { service, route, config }: RouteSubject) {
  if (event.kind !== 'invalidated' || event.service !== service) return undefined
  if (event.tags.length === 0) return 'all' satisfies Touch
  const templates = (tagsOf(config) ?? []).map(templatePattern)
  const matches = (patterns: readonly RegExp[]) =>
    event.tags.some((tag) => patterns.some((pattern) => pattern.test(tag)))
  if (matches(templates)) return 'tag' satisfies Touch
  return matches([urlPattern(route)]) ? 'url' satisfies Touch : undefined
}

/**
 * Removes the tags derived from an invalidated URL: `URL#` and `POST URL` next to `URL`.
 *
 * @example mainTags(['/a', '/a#', 'POST /a', 'b']) // ['/a', 'b']
 */
export function mainTags (tags: readonly string[]): readonly string[] {
  const all = new Set(tags)
  return tags.filter((tag) => {
    const url = tag.replace(/^[A-Z]+ /, '').replace(/#$/, '')
    return url === tag || !all.has(url)
  })
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

/**
 * Builds a pattern that matches the tags of a template.
 *
 * @example templatePattern('product:{id}') // /^product:(?:.+)$/s
 */
const templatePattern = (template: string): RegExp =>
  new RegExp(`^${template.split(/\{\w+\}/).map(escaped).join('.+')}$`, 's')

/** Matches URLs of a route, with or without an origin and a query. */
function urlPattern (route: string): RegExp {
  const [, url = ''] = route.split(/ (.*)/s)
  const path = url
    .split('/')
    .map((part) => (part.includes(':') ? '[^/?#]+' : part === '*' ? '.*' : escaped(part)))
    .join('/')
  return new RegExp(`^(?:https?://[^/]+)?${path}(?:[?#].*)?$`, 's')
}
