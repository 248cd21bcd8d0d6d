// node host.js, with CACHE in its environment
//
// One shop in a process of its own: a Redis, the front door, and the instances of catalog, weather
// and storefront. It ends with its parent.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { freePort } from '../../bench/free-port.js'
import { choosePorts, HOST } from '../../local/ports.js'
import { PORT_OFFSETS, type ServiceDefinition, suite } from '../../local/suite.js'
import { Supervisor } from '../../local/supervisor.js'
import { chooseUpstream } from '../../local/weather-upstream.js'
import { findProgram } from '../../tools/find-program.js'

/** Two instances that serve shoppers, and one of each service that they call. */
const INSTANCES: Readonly<Record<string, number>> = {
  storefront: 2,
  catalog: 1,
  weather: 1,
  upstream: 1
}
/** The simulated Open-Meteo needs no quota. */
const UNBOUNDED = '1000000000'

const folder = await mkdtemp(join(tmpdir(), 'weir-shop-'))
const redisPort = await freePort()
const redis = spawn(
  findProgram('redis-server', process.env['PATH'] ?? '') ?? 'redis-server',
  [
    '--port',
    String(redisPort),
    '--bind',
    HOST,
    '--dir',
    folder,
    '--save',
    '',
    '--appendonly',
    'no',
    '--maxmemory',
    '256mb',
    '--maxmemory-policy',
    'volatile-lru'
  ],
  { stdio: ['ignore', 'pipe', 'inherit'], detached: true }
)
redis.once('error', (error) => {
  console.error(`redis-server cannot be started: ${error.message}`)
  process.exit(1)
})
const lines = createInterface({ input: redis.stdout })
await new Promise<void>((resolve) => {
  lines.on('line', (line) => {
    if (line.includes('Ready to accept connections')) resolve()
  })
})

const env: NodeJS.ProcessEnv = {
  ...process.env,
  PORT: '0',
  DATA_DIR: folder,
  REDIS_URL: `redis://${HOST}:${redisPort}`,
  RATE_LIMIT_ALLOW: HOST,
  // The load uses both cores: waiting for one is no outage.
  REDIS_COMMAND_TIMEOUT: '2000',
  MAX_EVENT_LOOP_DELAY: '0',
  LOG_LEVEL: 'error',
  CALLS_PER_MINUTE: UNBOUNDED,
  CALLS_PER_HOUR: UNBOUNDED,
  CALLS_PER_DAY: UNBOUNDED
}
const ports = await choosePorts(env, PORT_OFFSETS)
const services = suite(
  chooseUpstream({ WEATHER_UPSTREAM: 'simulator' }),
  'compiled',
  ports.base
).flatMap((service): ServiceDefinition[] => {
  const instances = INSTANCES[service.name]
  return instances === undefined ? [] : [{ ...service, instances }]
})
const supervisor = new Supervisor(
  services,
  env,
  (line) => {
    if (line.startsWith('[')) console.error(line)
  },
  ports
)
process.once('disconnect', () => { end().catch((error: unknown) => { console.error(error) }) })
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
try {
  const frontDoor = await supervisor.start()
  const instances = services
    .filter(({ name }) => name !== 'upstream')
    .flatMap(({ name, basePort, instances }) =>
      Array.from({ length: instances }, (_, i) => ({
        name: `${name}-${i + 1}`,
        service: name,
        url: `http://${HOST}:${basePort + i}`
      }))
    )
  process.send?.({ frontDoor, instances, redisUrl: env['REDIS_URL'] })
  process.on('message', () => {
    const { user, system } = process.cpuUsage()
    process.send?.({ cpuMicros: user + system, rssBytes: process.memoryUsage.rss() })
  })
} catch (error) {
  console.error(error)
  await end()
}

async function end (): Promise<void> {
  await supervisor.stop()
  const ended = once(redis, 'exit')
  redis.kill('SIGKILL')
  await ended
  await rm(folder, { recursive: true, force: true, maxRetries: 10 })
  process.exit()
}
