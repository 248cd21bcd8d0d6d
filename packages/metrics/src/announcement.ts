/** A GET route that a service announces. */
export interface AnnouncedRoute {
  /** The pattern of its path, such as `/api/products/:id`. */
  readonly url: string
  /** Whether its responses are in the response cache. */
  readonly cached: boolean
  /** Paths and queries that it answers, such as `/api/products/1`. */
  readonly examples: readonly string[]
  /** The tags of its responses that do not depend on the request. */
  readonly tags: readonly string[]
}

/** Facts that a service announces, so that consoles work with it whatever it is called. */
export interface Announcement {
  /** The address that clients reach it at: an origin, perhaps with a path. Left out: unknown. */
  readonly publicUrl?: string
  /** The namespace of its response cache; left out where it has none. */
  readonly namespace?: string
  /** The prefixes of its cache-admin routes, such as `/api/catalog/cache`. */
  readonly cacheAdmin: readonly string[]
  /** Demonstrations that it takes part in: the path of each, by its name. */
  readonly demos: Readonly<Record<string, string>>
  readonly routes: readonly AnnouncedRoute[]
}

const MOST = { cacheAdmin: 5, demos: 10, routes: 40, examples: 5, tags: 5 }
const LONGEST = 300

/** The announcement within its bounds: what is too much, too long or no path is left out. */
export function boundedAnnouncement (given: Announcement): Announcement {
  const { publicUrl, namespace } = given
  const demos = Object.entries(given.demos).filter(
    ([name, path]) => isName(name) && isAnnouncedPath(path)
  )
  return {
    ...(publicUrl !== undefined && isPublicUrl(publicUrl) && { publicUrl }),
    ...(namespace !== undefined && isName(namespace) && { namespace }),
    cacheAdmin: given.cacheAdmin.filter(isAnnouncedPath).slice(0, MOST.cacheAdmin),
    demos: Object.fromEntries(demos.slice(0, MOST.demos)),
    routes: given.routes
      .filter(({ url }) => isPattern(url))
      .slice(0, MOST.routes)
      .map(({ url, cached, examples, tags }) => ({
        url,
        cached,
        examples: examples.filter(isAnnouncedPath).slice(0, MOST.examples),
        tags: tags.filter(isName).slice(0, MOST.tags)
      }))
  }
}

/** Reads an announcement of any version: what is not as it should be is left out. */
export function readAnnouncement (value: unknown): Announcement | undefined {
  if (!isObject(value)) return undefined
  const { publicUrl, namespace, cacheAdmin, demos, routes } = value
  return boundedAnnouncement({
    ...(typeof publicUrl === 'string' && { publicUrl }),
    ...(typeof namespace === 'string' && { namespace }),
    cacheAdmin: textsIn(cacheAdmin),
    demos: Object.fromEntries(
      Object.entries(isObject(demos) ? demos : {}).flatMap(([name, path]) =>
        typeof path === 'string' ? [[name, path]] : []
      )
    ),
    routes: listIn(routes).flatMap((route) =>
      isObject(route) && typeof route['url'] === 'string'
        ? [
            {
              url: route['url'],
              cached: route['cached'] === true,
              examples: textsIn(route['examples']),
              tags: textsIn(route['tags'])
            }
          ]
        : []
    )
  })
}

/** Whether text is a path of one origin, with or without a query: browsers are sent there. */
export const isAnnouncedPath = (text: string): boolean =>
  text.length <= LONGEST && /^\/(?![/\\])[^\s\\#]*$/.test(text)

/** Whether text is an address that paths can be appended to: `https://shop.example/base`. */
export function isPublicUrl (text: string): boolean {
  if (text.length > LONGEST || !URL.canParse(text)) return false
  const { protocol, origin, pathname } = new URL(text)
  const written = pathname === '/' ? origin : `${origin}${pathname}`
  return (protocol === 'http:' || protocol === 'https:') && written === text && !text.endsWith('/')
}

/** Whether text is a pattern of paths; no request is sent to it. */
const isPattern = (text: string): boolean => text.length <= LONGEST && text.startsWith('/')

const isName = (text: string): boolean => text !== '' && text.length <= LONGEST

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const listIn = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

const textsIn = (value: unknown): string[] =>
  listIn(value).flatMap((one) => (typeof one === 'string' ? [one] : []))
