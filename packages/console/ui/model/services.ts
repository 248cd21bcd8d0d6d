/** A service, with what it announces about itself. */
export interface Service {
  readonly service: string
  /** The instances that are alive. */
  readonly instances: readonly string[]
  /** The address that clients reach it at; null: that of the console. */
  readonly publicUrl: string | null
  readonly namespace: string | null
  /** Prefixes of its cache-admin routes. */
  readonly cacheAdmin: readonly string[]
  /** Paths of the demonstrations that it takes part in, by name. */
  readonly demos: Readonly<Record<string, string>>
  readonly routes: readonly {
    readonly url: string
    readonly cached: boolean
    readonly examples: readonly string[]
    readonly tags: readonly string[]
  }[]
}

/** Answer of api/stats/services. */
export interface Services {
  readonly services: readonly Service[]
}

/** Cache-admin routes that pages can call. */
export interface Administration {
  /** The address that `/invalidations` is appended to. */
  readonly id: string
  readonly label: string
  readonly service: Service
}

/** The service that takes part in a demonstration. */
export const withDemo = (services: readonly Service[], demo: string): Service | undefined =>
  services.find(({ demos }) => Object.hasOwn(demos, demo))

/**
 * The address of a path of a service, for fetch.
 *
 * @example addressOf({ ...shop, publicUrl: 'https://shop.example' }, '/a') // 'https://shop.example/a'
 */
export const addressOf = ({ publicUrl }: Pick<Service, 'publicUrl'>, path: string): string =>
  `${publicUrl ?? ''}${path}`

/** Addresses to try: the examples of all services, those of cached routes first. */
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

/** The cache-admin routes of all services; the label has the prefix where there are several. */
export const administrations = (services: readonly Service[]): Administration[] =>
  services.flatMap((service) =>
    service.cacheAdmin.map((prefix) => ({
      id: addressOf(service, prefix),
      label: service.cacheAdmin.length === 1 ? service.service : `${service.service} ${prefix}`,
      service
    }))
  )

/** Tags of a service that are known without a request, each once. */
export const tagsOf = ({ routes }: Pick<Service, 'routes'>): string[] =>
  [...new Set(routes.flatMap(({ tags }) => tags))]

/** Origins besides the console's own that services are reached at. */
export const originsOf = (services: readonly Service[]): string[] =>
  services.flatMap(({ publicUrl }) => (publicUrl === null ? [] : [new URL(publicUrl).origin]))
