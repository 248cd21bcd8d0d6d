import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { type Test } from 'tap'
import { PATIENT } from '../support/patience.js'
import { JWT_SECRET } from '../support/catalog.js'
import { type Program, program } from '../support/program.js'
import { tempDir } from '../support/temp-dir.js'
import '../support/uncounted.js'
import { type ServiceName } from './routes.js'

/** A service of the suite that reports its memory. */
export interface FuzzedService extends Program {
  readonly port: number
  readonly url: string
  /** Bytes on the heap and outside of it after a garbage collection. */
  heap (): Promise<number>
}

const ROOT = new URL('../../../', import.meta.url)
const HEAP = new URL('../programs/heap-after-gc.js', import.meta.url).href

/**
 * Starts an instance of each service over one folder, like `npm start`, with a simulated
 * Open-Meteo. They end with the test.
 */
export async function startServices (
  t: Test
): Promise<Readonly<Record<ServiceName, FuzzedService>>> {
  const dataDir = await tempDir(t)
  const simulator = await start(t, 'infra/dist/upstream/main.js', {})
  const service = (name: ServiceName, env: Readonly<Record<string, string>> = {}) =>
    start(t, `services/${name}/dist/src/server.js`, {
      INSTANCE: `${name}-1`,
      DATA_DIR: dataDir,
      LOG_LEVEL: 'error',
      JWT_SECRET,
      TRUST_PROXY: 'loopback',
      // Clients with an address in X-Forwarded-For are limited.
      RATE_LIMIT_ALLOW: '127.0.0.1',
      ...PATIENT,
      FORECAST_ORIGIN: simulator.url,
      GEOCODING_ORIGIN: simulator.url,
      DEMO_USERS: 'true',
      ...env
    })
  const [catalog, weather, stats] = await Promise.all([
    service('catalog'),
    service('weather'),
    service('stats')
  ])
  const storefront = await service('storefront', {
    CATALOG_ORIGIN: catalog.url,
    WEATHER_ORIGIN: weather.url,
    DEBUG_PANEL: 'true'
  })
  return { catalog, weather, stats, storefront }
}

async function start (
  t: Test,
  entry: string,
  env: Readonly<Record<string, string>>
): Promise<FuzzedService> {
  const { REDIS_URL: _, ...inherited } = process.env
  const child = fork(fileURLToPath(new URL(entry, ROOT)), [], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    execArgv: ['--import', HEAP],
    env: { ...inherited, HOST: '127.0.0.1', PORT: '0', ...env }
  })
  const running = program(t, child)
  const port = await new Promise<number>((resolve, reject) => {
    child.once('message', (message) => {
      if (typeof message === 'object' && message !== null && 'port' in message) {
        resolve(Number(message.port))
      }
    })
    child.once('close', () => {
      reject(new Error(`${entry} ended before it was ready:\n${running.output()}`))
    })
  })
  return {
    ...running,
    port,
    url: `http://127.0.0.1:${port}`,
    async heap () {
      const told = once(child, 'message')
      child.send('heap')
      const [message] = (await told) as [unknown]
      return Number(message)
    }
  }
}
