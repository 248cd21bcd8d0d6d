import { fileURLToPath } from 'node:url'

/** One service of the suite: what it answers, what runs it, and where. */
export interface ServiceDefinition {
  /** Instances are called `<name>-1`, `<name>-2`, … */
  readonly name: string
  /** The paths it owns behind the front door; each also owns everything below it. */
  readonly prefixes: readonly string[]
  /** The compiled program of one instance. */
  readonly entry: string
  /** The first instance's port, the next ones count up. 0: each takes any free port. */
  readonly basePort: number
  readonly instances: number
}

const entry = (service: string) => fileURLToPath(new URL(`../../../services/${service}/dist/src/server.js`, import.meta.url))

/** What `npm start` runs. */
export const suite: readonly ServiceDefinition[] = [
  { name: 'catalog', prefixes: ['/api/products', '/api/categories'], entry: entry('catalog'), basePort: 4101, instances: 2 }
]
