import { HOST } from './ports.js'
import { PROGRAMS, type Program } from './programs.js'
import { type WeatherUpstream } from './weather-upstream.js'

/** One service of the suite: what it answers, what runs it, and where. */
export interface ServiceDefinition {
  /** Instances are called `<name>-1`, `<name>-2`, … */
  readonly name: string
  /** The paths it owns behind the front door; each also owns everything below it. */
  readonly prefixes: readonly string[]
  /** Single paths that it owns besides, as routes of Fastify. */
  readonly paths?: readonly string[]
  /** The compiled program of one instance. */
  readonly entry: string
  /** The first instance's port, the next ones count up. 0: each takes any free port. */
  readonly basePort: number
  readonly instances: number
  /** Defaults of variables: what the environment of `npm start` says goes first. */
  readonly env?: Readonly<Record<string, string>>
  /**
   * Variables of their environment that hold the front door's address, such as
   * `http://127.0.0.1:8080`.
   */
  readonly frontDoorIn?: readonly string[]
  /** The variable of their environment that holds the code of the login link. */
  readonly loginCodeIn?: string
  /**
   * Settings that are found out while other services start; resolves with `undefined` if the
   * service is not needed.
   */
  readonly pending?: Promise<Settings | undefined>
}

export interface Settings {
  readonly env?: Readonly<Record<string, string>>
  /** A line about the service for the person at the terminal. */
  readonly note?: string
}

/** The first port of each service, counted from the base of the suite. */
const OFFSETS = { catalog: 1, simulator: 90, weather: 101, stats: 201, storefront: 301 } as const

/** The ports of all instances, counted from the base of the suite. */
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
      entry: PROGRAMS.catalog[form],
      basePort: base + OFFSETS.catalog,
      instances: 2
    },
    {
      name: 'weather',
      prefixes: ['/api/weather'],
      entry: PROGRAMS.weather[form],
      basePort: base + OFFSETS.weather,
      instances: 2,
      pending: weather()
    },
    {
      name: 'storefront',
      prefixes: ['/shop'],
      entry: PROGRAMS.storefront[form],
      basePort: base + OFFSETS.storefront,
      instances: 2,
      env: { DEMO_USERS: 'true', DEBUG_PANEL: 'true', LAB: 'true' },
      frontDoorIn: ['CATALOG_ORIGIN', 'WEATHER_ORIGIN']
    },
    {
      name: 'stats',
      prefixes: ['/api/stats'],
      // The console, and none of what an instance has for operators alone.
      paths: ['/', '/:file(^[\\w-]+\\.(?:js|css|svg|map)$)'],
      entry: PROGRAMS.stats[form],
      basePort: base + OFFSETS.stats,
      instances: 1,
      env: { DEMO_USERS: 'true' },
      loginCodeIn: 'LOGIN_CODE'
    },
    {
      name: 'upstream',
      // Nobody but the weather service has to reach it.
      prefixes: [],
      entry: PROGRAMS.upstream[form],
      basePort: base + OFFSETS.simulator,
      instances: 1,
      pending: upstream.then(({ kind }) => (kind === 'simulator' ? {} : undefined))
    }
  ]
}
