import { HOST } from './ports.js'
import { PROGRAMS, type Program } from './programs.js'
import { type WeatherUpstream } from './weather-upstream.js'

/** One service of the suite: its paths, its program, and its ports. */
export interface ServiceDefinition {
  /** Instances are named `<name>-1`, `<name>-2`, … */
  readonly name: string
  /** Paths that the service owns behind the front door, each with everything below it. */
  readonly prefixes: readonly string[]
  /** Further single paths of the service, in Fastify's route syntax. */
  readonly paths?: readonly string[]
  /** The subject of its API, for the list at `/docs`. Left out: its API is not described there. */
  readonly docs?: string
  /** The compiled program of one instance. */
  readonly entry: string
  /** Port of the first instance; the others follow. 0: each takes any free port. */
  readonly basePort: number
  readonly instances: number
  /** Defaults of variables: the environment of `npm start` takes precedence. */
  readonly env?: Readonly<Record<string, string>>
  /** Variables that receive the front door's address, such as `http://127.0.0.1:8080`. */
  readonly frontDoorIn?: readonly string[]
  /** The variable that receives the code of the login link. */
  readonly loginCodeIn?: string
  /**
   * Settings that are determined while other services start; resolves with `undefined` if the
   * service is not needed.
   */
  readonly pending?: Promise<Settings | undefined>
}

export interface Settings {
  readonly env?: Readonly<Record<string, string>>
  /** A line about the service for the terminal. */
  readonly note?: string
}

/** First port of each service, relative to the base of the suite. */
const OFFSETS = { catalog: 1, simulator: 90, weather: 101, stats: 201, storefront: 301 } as const

/** Ports of all instances, relative to the base of the suite. */
export const PORT_OFFSETS: readonly number[] = [1, 2, 90, 101, 102, 201, 301, 302]

/**
 * The services that `npm start` runs, on ports from `base` on. The weather service waits for
 * `upstream`, the others do not.
 */
export function suite (
  upstream: Promise<WeatherUpstream>,
  form: keyof Program = 'compiled',
  base = 4100
): readonly ServiceDefinition[] {
  const simulatorUrl = `http://${HOST}:${base + OFFSETS.simulator}`
  const weather = async (): Promise<Settings> => {
    const { kind, note } = await upstream
    return {
      note,
      ...(kind === 'simulator' && {
        env: { FORECAST_ORIGIN: simulatorUrl, GEOCODING_ORIGIN: simulatorUrl }
      })
    }
  }
  return [
    {
      name: 'catalog',
      prefixes: ['/api/products', '/api/categories', '/api/catalog'],
      docs: 'products and categories',
      entry: PROGRAMS.catalog[form],
      basePort: base + OFFSETS.catalog,
      instances: 2
    },
    {
      name: 'weather',
      prefixes: ['/api/weather'],
      docs: 'weather of cities and places',
      entry: PROGRAMS.weather[form],
      basePort: base + OFFSETS.weather,
      instances: 2,
      pending: weather()
    },
    {
      name: 'storefront',
      prefixes: ['/shop'],
      docs: 'pages of the shop',
      entry: PROGRAMS.storefront[form],
      basePort: base + OFFSETS.storefront,
      instances: 2,
      env: { DEMO_USERS: 'true', DEBUG_PANEL: 'true', LAB: 'true' },
      frontDoorIn: ['CATALOG_ORIGIN', 'WEATHER_ORIGIN']
    },
    {
      name: 'stats',
      prefixes: ['/api/stats'],
      docs: 'figures, history and events of the console',
      // The console, without the paths that instances have for operators.
      paths: ['/', '/:file(^[\\w-]+\\.(?:js|css|svg|map)$)'],
      entry: PROGRAMS.stats[form],
      basePort: base + OFFSETS.stats,
      instances: 1,
      env: { DEMO_USERS: 'true' },
      loginCodeIn: 'LOGIN_CODE'
    },
    {
      name: 'upstream',
      // Only the weather service has to reach it.
      prefixes: [],
      entry: PROGRAMS.upstream[form],
      basePort: base + OFFSETS.simulator,
      instances: 1,
      pending: upstream.then(({ kind }) => (kind === 'simulator' ? {} : undefined))
    }
  ]
}
