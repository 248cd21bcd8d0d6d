import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Redis } from 'ioredis'
import { request } from 'undici'
import { connectRedis } from '../children/redis-client.js'
import { type Child, startChild } from '../children/start.js'
import { freePort } from '../free-port.js'
import type { Result, Scenario, Surroundings } from '../scenario.js'
import { spread } from '../statistics.js'

const CATALOG = fileURLToPath(
  new URL('../../../../services/catalog/dist/src/server.js', import.meta.url)
)
const STORES = ['Redis', 'SQLite'] as const
const READY_WITHIN = 60_000
// Time for the garbage of the boot to be collected, and for the instance to become idle.
const SETTLES_WITHIN = 5000
// Services do their periodic work once a second.
const ROUNDS = 6
const MILLISECONDS = 2000

/** One process of the catalog without requests, with its outbox and counts. */
export const idle: Scenario = {
  name: 'idle',
  about: 'CPU of an idle instance of the catalog, and the commands that it sends to Redis',
  async run (around) {
    const client = await connectRedis(around.redis)
    around.defer(() => { client.disconnect() })
    around.say('idle: starting')
    const services = await Promise.all(STORES.map((store) => startCatalog(around, store)))
    await setTimeout(SETTLES_WITHIN)

    const times = around.repeat(ROUNDS)
    const rounds: Sample[] = []
    let before = await sample(services, client)
    for (let round = 0; round < times; round++) {
      around.say(`idle: round ${round + 1}/${times}`)
      await setTimeout(around.stretch(MILLISECONDS))
      const after = await sample(services, client)
      rounds.push(perSecond(before, after))
      before = after
    }
    return [
      ...STORES.map((store, i): Result => ({
        scenario: 'idle',
        what: `${store}: CPU`,
        a: 'of a core',
        unit: '%',
        measured: spread(rounds.map(({ cpu }) => (cpu[i] ?? NaN) / 10_000)),
        target: { atMost: 0.5 },
        rounds: rounds.map(({ cpu }) => ({ cpuMicros: cpu[i] ?? NaN }))
      })),
      {
        scenario: 'idle',
        what: 'Redis: commands',
        a: 'those within scripts too',
        unit: '/s',
        measured: spread(rounds.map(({ commands }) => commands)),
        target: { atMost: 30 },
        rounds: rounds.map(({ commands }) => ({ commands }))
      }
    ]
  }
}

async function startCatalog (around: Surroundings, store: (typeof STORES)[number]): Promise<Child> {
  const port = await freePort()
  const environment = {
    NODE_ENV: '',
    HOST: '127.0.0.1',
    PORT: String(port),
    LOG_LEVEL: 'error',
    DATA_DIR: join(around.dir, `idle-${store}`),
    REDIS_URL: store === 'Redis' ? around.redis : ''
  }
  const options = Object.entries(environment).flatMap(([name, value]) => [
    '--env',
    `${name}=${value}`
  ])
  const child = await startChild('program', [...options, '--', process.execPath, CATALOG])
  around.defer(() => child.end())
  await ready(`http://127.0.0.1:${port}/health/ready`)
  return child
}

async function ready (url: string): Promise<void> {
  for (
    const end = performance.now() + READY_WITHIN;
    performance.now() < end;
    await setTimeout(100)
  ) {
    try {
      const { statusCode, body } = await request(url)
      await body.dump()
      if (statusCode === 200) return
    } catch {
      // The process does not listen yet.
    }
  }
  throw new Error(`${url} was not ready within ${READY_WITHIN / 1000} s`)
}

interface Sample {
  readonly at: number
  /** Microseconds of each service. */
  readonly cpu: readonly number[]
  readonly commands: number
}

async function sample (services: readonly Child[], client: Redis): Promise<Sample> {
  const stats = await client.info('stats')
  const commands = Number(/^total_commands_processed:(\d+)/m.exec(stats)?.[1])
  const counts = await Promise.all(services.map((service) => service.ask()))
  return { at: performance.now(), cpu: counts.map(({ cpuMicros = NaN }) => cpuMicros), commands }
}

/** The INFO command itself is counted too. */
function perSecond (before: Sample, after: Sample): Sample {
  const seconds = (after.at - before.at) / 1000
  return {
    at: after.at,
    cpu: after.cpu.map((micros, i) => (micros - (before.cpu[i] ?? NaN)) / seconds),
    commands: (after.commands - before.commands - 1) / seconds
  }
}
