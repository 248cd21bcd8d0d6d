import { setTimeout } from 'node:timers/promises'
import { createCache } from '@weir/cache'
import { redisStore } from '@weir/cache/redis'
import type { Redis } from 'ioredis'
import { connectRedis } from '../children/redis-client.js'
import { type Child, startChild } from '../children/start.js'
import { redisUsage } from '../redis-usage.js'
import type { Result, Scenario, Surroundings } from '../scenario.js'
import { spread } from '../statistics.js'

const BODY = Buffer.alloc(4096, 'x')
const ENTRIES = 5000
const INSTANCES = 4
const STRETCH_MS = 2000
const ROUNDS = 3
const BUSY = 16

/** Operations of a fleet: in parts, per second, or the microseconds of Redis that each costs. */
interface Operations {
  readonly hits: number
  readonly fills: number
  readonly invalidations: number
}

const ALONE = {
  hits: { hits: 1, fills: 0, invalidations: 0 },
  fills: { hits: 0, fills: 1, invalidations: 0 },
  invalidations: { hits: 0, fills: 0, invalidations: 1 }
} as const
const KINDS = ['hits', 'fills', 'invalidations'] as const
const MIX: Operations = { hits: 14, fills: 5, invalidations: 1 }

/**
 * Measures the operations that one core of Redis carries for several processes, each kind alone and
 * each command by itself, and then whether their sum predicts its CPU under a mix: the formula of
 * docs/scale.md. A busy Redis finds several commands waiting at each turn, which costs less.
 */
export const capacity: Scenario = {
  name: 'capacity',
  about: 'hits, fills and invalidations per core of Redis, memory per entry, and their formula',
  async run (around) {
    const client = await connectRedis(around.redis)
    around.defer(() => { client.disconnect() })
    const memory = await memoryOfEntries(around, client)
    const alone = new Map<keyof Operations, Stretch[]>()
    for (const kind of KINDS) alone.set(kind, await fleet(around, client, ALONE[kind], 1))
    const cost = (kind: keyof Operations) =>
      spread((alone.get(kind) ?? []).map((one) => one.cpuMicros / one[kind])).median
    const formula = ({ hits, fills, invalidations }: Operations) =>
      hits * cost('hits') + fills * cost('fills') + invalidations * cost('invalidations')
    const mixed = (what: string, stretches: readonly Stretch[], atMost: number): Result => ({
      scenario: 'capacity',
      what: `${what}: ${KINDS.map((kind) =>
        `${spread(stretches.map((one) => one[kind])).median.toFixed()} ${kind}/s`).join(', ')}`,
      a: `${spread(stretches.map(({ cpuMicros }) => cpuMicros / 1e4)).median.toFixed(1)}% of a core`,
      b: 'by formula',
      unit: 'x',
      measured: spread(stretches.map((one) => one.cpuMicros / formula(one))),
      target: { atMost },
      rounds: stretches
    })
    return [
      memory,
      ...KINDS.map((kind): Result => {
        const rounds = alone.get(kind) ?? []
        return {
          scenario: 'capacity',
          what: `${kind}, by ${INSTANCES} processes`,
          a: `${cost(kind).toFixed(1)} µs of Redis each`,
          b: 'per core of Redis',
          unit: '/s',
          measured: spread(rounds.map((one) => 1e6 * one[kind] / one.cpuMicros)),
          rounds
        }
      }),
      mixed('a mix', await fleet(around, client, MIX, 1), 1.3),
      mixed(`${BUSY} at a time`, await fleet(around, client, MIX, BUSY), 1.3)
    ]
  }
}

async function memoryOfEntries (around: Surroundings, client: Redis): Promise<Result> {
  const store = redisStore({ client })
  around.defer(() => store.close())
  const cache = createCache<Buffer>({ store, namespace: 'capacity', l1: false })
  const used = async () => Number(/used_memory:(\d+)/.exec(await client.info('memory'))?.[1])
  const before = await used()
  for (let i = 0; i < ENTRIES; i += 100) {
    await Promise.all(Array.from({ length: 100 }, (_, n) =>
      cache.remember(`${i + n}`, { ttl: '1m', tags: [`${i + n}`, 'all'] }, () => BODY)))
  }
  const bytes = (await used() - before) / ENTRIES
  return {
    scenario: 'capacity',
    what: `memory of a value of ${BODY.length} bytes`,
    a: 'with two tags',
    unit: 'B',
    measured: spread([bytes]),
    rounds: [{ bytes }]
  }
}

/** Operations and the CPU of Redis, per second. */
type Stretch = Operations & { readonly cpuMicros: number, readonly [what: string]: number }

/** Lets processes do these parts as fast as they can. */
async function fleet (
  around: Surroundings, client: Redis, parts: Operations, atOnce: number
): Promise<Stretch[]> {
  around.say(`capacity: ${KINDS.map((kind) => `${parts[kind]} ${kind}`).join(', ')}`)
  const args = KINDS.flatMap((kind) => [`--${kind}`, String(parts[kind])])
  const children = await Promise.all(Array.from({ length: INSTANCES }, (_, i) => startChild('mixed', [
    '--redis', around.redis, '--namespace', 'mixed', '--instance', `${i}`,
    '--at-once', String(atOnce), ...args
  ])))
  for (const child of children) around.defer(() => child.end())
  const stretches: Stretch[] = []
  for (let round = 0; round < around.repeat(ROUNDS); round++) {
    const before = await sample(client, children)
    await setTimeout(around.stretch(STRETCH_MS))
    const after = await sample(client, children)
    const perSecond = (what: keyof typeof after) =>
      1000 * (after[what] - before[what]) / (after.at - before.at)
    stretches.push({
      cpuMicros: perSecond('cpuMicros'),
      hits: perSecond('hits'),
      fills: perSecond('fills'),
      invalidations: perSecond('invalidations')
    })
  }
  await Promise.all(children.map((child) => child.end()))
  return stretches
}

async function sample (client: Redis, children: readonly Child[]) {
  const counts = await Promise.all(children.map((child) => child.ask()))
  const sum = (what: string) => counts.reduce((total, count) => total + (count[what] ?? NaN), 0)
  const { cpuMicros } = await redisUsage(client)
  return {
    at: performance.now(),
    cpuMicros,
    hits: sum('hits'),
    fills: sum('fills'),
    invalidations: sum('invalidations')
  }
}
