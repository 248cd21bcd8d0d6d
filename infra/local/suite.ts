import { fileURLToPath } from 'node:url'
import { HOST } from './ports.js'
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
  /** What its instances have in their environment besides. */
  readonly env?: Readonly<Record<string, string>>
  /** A line about it for the person at the terminal. */
  readonly note?: string
}

const entry = (service: string) => fileURLToPath(new URL(`../../../services/${service}/dist/src/server.js`, import.meta.url))

const SIMULATOR: ServiceDefinition = {
  name: 'upstream',
  // Nobody but the weather service has to reach it.
  prefixes: [],
  entry: fileURLToPath(new URL('../upstream/main.js', import.meta.url)),
  basePort: 4190,
  instances: 1
}
const SIMULATOR_URL = `http://${HOST}:${SIMULATOR.basePort}`

/** What `npm start` runs. */
export function suite (upstream: WeatherUpstream): readonly ServiceDefinition[] {
  const simulated = upstream.kind === 'simulator'
  return [
    { name: 'catalog', prefixes: ['/api/products', '/api/categories', '/api/catalog'], entry: entry('catalog'), basePort: 4101, instances: 2 },
    {
      name: 'weather',
      prefixes: ['/api/weather'],
      entry: entry('weather'),
      basePort: 4201,
      instances: 2,
      env: simulated ? { FORECAST_ORIGIN: SIMULATOR_URL, GEOCODING_ORIGIN: SIMULATOR_URL } : {},
      note: upstream.note
    },
    {
      name: 'stats',
      prefixes: ['/api/stats'],
      // The console, and none of what an instance has for operators alone.
      paths: ['/', '/:file(^[\\w-]+\\.(?:js|css|svg|map)$)'],
      entry: entry('stats'),
      basePort: 4301,
      instances: 1,
      env: { DEMO_USERS: 'true' }
    },
    ...simulated ? [SIMULATOR] : []
  ]
}
