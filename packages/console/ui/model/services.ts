/** A service and the metadata it announces. */
export interface Service {
  readonly service: string
  /** Instances that are up. */
  readonly instances: readonly string[]
  /** The origin that clients use; null if it is the console's own. */
  readonly publicUrl: string | null
  readonly namespace: string | null
  /** Prefixes of the cache-admin routes. */
  readonly cacheAdmin: readonly string[]
  /** Paths of the demos that the service takes part in, by name. */
  readonly demos: Readonly<Record<string, string>>
  readonly routes: readonly {
    readonly url: string
    readonly cached: boolean
    readonly examples: readonly string[]
    readonly tags: readonly string[]
  }[]
}

/** Response of api/stats/services. */
export interface Services {
  readonly apiDocs: string | null
  /** Whether the console has a store of caches, whose entries it can invalidate. */
  readonly caches: boolean
  /** Whether the console has a login link. */
  readonly login: boolean
  readonly services: readonly Service[]
}

/** Cache-admin routes that pages can call. */
export interface Administration {
  /** The address that `/invalidations` is appended to. */
  readonly id: string
  readonly label: string
  readonly service: Service
}

/** Finds the service that takes part in a demo. */
export const withDemo = (services: readonly Service[], demo: string): Service | undefined =>
  services.find(({ demos }) => Object.hasOwn(demos, demo))

/**
 * Returns the address of a path of a service, for fetch.
 *
 * @example
 * addressOf({ ...shop, publicUrl: 'https://shop.example' }, '/a') // 'https://shop.example/a'
 */
export const addressOf = ({ publicUrl }: Pick<Service, 'publicUrl'>, path: string): string =>
  `${publicUrl ?? ''}${path}`

/** Returns addresses to try: the examples of all services, those of cached routes first. */
export function examplesOf (services: readonly Service[], isCached?: true): string[] {
  const routes = services.flatMap((service) =>
    service.routes.map(({ cached, examples }) => ({
      cached,
      addresses: examples.map((path) => addressOf(service, path))
    }))
  )
  const first = routes.filter(({ cached }) => cached)
  const chosen = isCached ? first : [...first, ...routes.filter(({ cached }) => !cached)]
  return [...new Set(chosen.flatMap(({ addresses }) => addresses))]
}

/** Lists the cache-admin routes of all services; labels include the prefix if there are several. */
export const administrations = (services: readonly Service[]): Administration[] =>
  services.flatMap((service) =>
    service.cacheAdmin.map((prefix) => ({
      id: addressOf(service, prefix),
      label: service.cacheAdmin.length === 1 ? service.service : `${service.service} ${prefix}`,
      service
    }))
  )

/** Returns the distinct tags of a service that are known without a request. */
export const tagsOf = ({ routes }: Pick<Service, 'routes'>): string[] =>
  [...new Set(routes.flatMap(({ tags }) => tags))]

/** Returns the origins of services, except the console's own. */
export const originsOf = (services: readonly Service[]): string[] =>
  services.flatMap(({ publicUrl }) => (publicUrl === null ? [] : [new URL(publicUrl).origin]))
