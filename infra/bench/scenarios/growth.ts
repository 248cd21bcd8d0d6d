import { setTimeout } from 'node:timers/promises'
import { createCache } from '@weir/cache'
import { redisStore } from '@weir/cache/redis'
import type { Redis } from 'ioredis'
import { connectRedis } from '../children/redis-client.js'
import { type Child, startChild } from '../children/start.js'
import { redisUsage } from '../redis-usage.js'
import type { Result, Scenario, Surroundings } from '../scenario.js'
import { spread } from '../statistics.js'

// Fifty instances with the default lease would need more than two cores for their proofs: 250 ms is
// also the first change to make for such a fleet.
const FLEETS = [
  { count: 1, lease: 50 },
  { count: 10, lease: 50 },
  { count: 50, lease: 250 }
] as const
const INVALIDATIONS = [0, 100]
const STRETCH_MS = 3000
const ROUNDS = 2
// Memory of a Node process with a cache and a connection.
const BYTES_EACH = 100 * 2 ** 20
// Processes started at once: more would only wait for each other.
const BATCH = 5
// Proofs per lease of each instance that reads.
const PROOFS = 5
// Time after which an instance without reads, such as the writer here, is idle.
const IDLE_MS = 2500

interface Fleet {
  readonly count: number
  /** Milliseconds. */
  readonly lease: number
}

/**
 * Measures the load of instances and invalidations on one Redis; docs/growth.md explains the
 * figures.
 */
export const growth: Scenario = {
  name: 'growth',
  about: 'commands, bus traffic and CPU of Redis by instances and by invalidations/s',
  async run (around) {
    const client = await connectRedis(around.redis)
    around.defer(() => { client.disconnect() })
    const most = Math.min(around.repeat(50), Math.floor(process.availableMemory() / BYTES_EACH))
    const results: Result[] = []
    for (const fleet of FLEETS.filter(({ count }) => count <= most)) {
      results.push(...(await measured(around, client, fleet)))
    }
    return results
  }
}

async function measured (around: Surroundings, client: Redis, fleet: Fleet): Promise<Result[]> {
  const namespace = `growth-${fleet.count}`
  const store = redisStore({ client, lease: fleet.lease })
  around.defer(() => store.close())
  const writer = createCache({ store, namespace, l1: false })
  let written = 0
  const invalidate = () => writer.invalidate([`product:${written++}`], { consistency: 'bounded' })

  const [instances] = await Promise.all([started(around, namespace, fleet), setTimeout(IDLE_MS)])
  const results: Result[] = []
  for (const perSecond of INVALIDATIONS) {
    const rounds: Usage[] = []
    for (let round = 0; round < around.repeat(ROUNDS); round++) {
      around.say(
        `growth: ${fleet.count} instances, ${perSecond} invalidations/s, round ${round + 1}`
      )
      rounds.push(
        await during(client, instances, around.stretch(STRETCH_MS), perSecond, invalidate)
      )
    }
    results.push(...rowsOf(fleet, perSecond, rounds))
  }
  await Promise.all(instances.map((child) => child.end()))
  await store.close()
  return results
}

async function started (
  around: Surroundings,
  namespace: string,
  { count, lease }: Fleet
): Promise<Child[]> {
  const instances: Child[] = []
  while (instances.length < count) {
    around.say(`growth: starting instances, ${instances.length} of ${count}`)
    const batch = Math.min(BATCH, count - instances.length)
    const children = await Promise.all(
      Array.from({ length: batch }, () =>
        startChild('reading', [
          '--redis',
          around.redis,
          '--namespace',
          namespace,
          '--lease',
          `${lease}`
        ])
      )
    )
    for (const child of children) around.defer(() => child.end())
    instances.push(...children)
  }
  return instances
}

/** The cost of a stretch, per second. */
interface Usage {
  readonly commands: number
  readonly published: number
  readonly kibibytesOut: number
  readonly redisCpuPercent: number
  readonly instanceCpuPercent: number
  /** Messages received per instance. */
  readonly heard: number
  readonly [figure: string]: number
}

async function during (
  client: Redis,
  instances: readonly Child[],
  milliseconds: number,
  perSecond: number,
  invalidate: () => Promise<void>
): Promise<Usage> {
  const [counted, before] = [await sum(instances), await redisUsage(client)]
  const began = performance.now()
  const under: Promise<void>[] = []
  for (let passed = 0; passed < milliseconds;) {
    await setTimeout(perSecond === 0 ? milliseconds - passed : 5)
    passed = Math.min(performance.now() - began, milliseconds)
    while (under.length < (passed * perSecond) / 1000) under.push(invalidate())
  }
  await Promise.all(under)
  const after = await redisUsage(client)
  const seconds = (performance.now() - began) / 1000
  const countedAfter = await sum(instances)
  if (countedAfter.fills > counted.fills) throw new Error('a value was not in memory any more')
  return {
    commands: (after.commands - before.commands) / seconds,
    published: (after.published - before.published) / seconds,
    kibibytesOut: (after.bytesOut - before.bytesOut) / seconds / 1024,
    redisCpuPercent: (after.cpuMicros - before.cpuMicros) / seconds / 10_000,
    instanceCpuPercent:
      (countedAfter.cpuMicros - counted.cpuMicros) / instances.length / seconds / 10_000,
    heard: (countedAfter.heard - counted.heard) / instances.length / seconds
  }
}

async function sum (
  instances: readonly Child[]
): Promise<{ cpuMicros: number; heard: number; fills: number }> {
  const counts = await Promise.all(instances.map((child) => child.ask()))
  const of = (what: string) => counts.reduce((total, count) => total + (count[what] ?? NaN), 0)
  return { cpuMicros: of('cpuMicros'), heard: of('heard'), fills: of('fills') }
}

function rowsOf (
  { count, lease }: Fleet,
  invalidations: number,
  rounds: readonly Usage[]
): Result[] {
  const median = (figure: string) => spread(rounds.map((round) => round[figure] ?? NaN)).median
  const what = `${count} reading, lease ${lease} ms, ${invalidations} invalidations/s`
  const expected = (count * PROOFS * 1000) / lease + invalidations
  return [
    {
      scenario: 'growth',
      what,
      a: `${median('commands').toFixed()} commands/s`,
      b: `by formula ${expected}`,
      unit: 'x',
      measured: spread(rounds.map(({ commands }) => commands / expected)),
      target: { atMost: 1.05 },
      rounds
    },
    {
      scenario: 'growth',
      what: 'the same: CPU of Redis',
      a: `${median('kibibytesOut').toFixed(1)} KiB/s sent, ${(median('published') * (count + 1)).toFixed()} messages/s`,
      b: `an instance ${median('instanceCpuPercent').toFixed(2)} % of a core`,
      unit: '%',
      measured: spread(rounds.map(({ redisCpuPercent }) => redisCpuPercent)),
      rounds
    }
  ]
}
