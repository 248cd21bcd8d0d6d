import { setTimeout } from 'node:timers/promises'
import { type Cache, createCache } from '@weir/cache'
import { redisStore } from '@weir/cache/redis'
import { connectRedis } from '../children/redis-client.js'
import { type Child, startChild } from '../children/start.js'
import { interleave } from '../rounds.js'
import type { Result, Scenario, Surroundings } from '../scenario.js'
import { spread } from '../statistics.js'

const PER_SECOND = 1000
const STRETCH_MS = 3000
const ROUNDS = 5
// The number of records that a store keeps by default: beyond it, each new record evicts another.
const RECORDS = 100_000
// Promises in flight while records are written.
const BATCH = 1000
const BOUNDED = { consistency: 'bounded' } as const

/** The cost of other instances' writes to an instance without requests. */
export const bus: Scenario = {
  name: 'bus',
  about:
    'CPU of an idle instance while another invalidates 1,000 tags/s, less its CPU when quiet',
  async run (around) {
    const client = await connectRedis(around.redis)
    around.defer(() => {
      client.disconnect()
    })
    const store = redisStore({ client, maxTags: RECORDS })
    around.defer(() => store.close())
    const writer = createCache({ store, namespace: 'bus', l1: false })

    const results = [await measure(around, writer, 'few records')]
    around.say(`bus: writing ${RECORDS} tag records`)
    for (let i = 0; i < RECORDS; i += BATCH) {
      await Promise.all(
        Array.from({ length: BATCH }, (_, j) => writer.invalidate([`category:${i + j}`], BOUNDED))
      )
    }
    results.push(await measure(around, writer, 'at the limit of records'))
    return results
  }
}

async function measure (
  around: Surroundings,
  writer: Cache<unknown>,
  what: string
): Promise<Result> {
  const instance = await startChild('listening', ['--redis', around.redis, '--namespace', 'bus'])
  around.defer(() => instance.end())
  let written = 0
  const milliseconds = around.stretch(STRETCH_MS)
  const rounds = around.repeat(ROUNDS)
  const storm = () => invalidate(writer, milliseconds, () => `${what}:${written++}`)
  const peace = () => setTimeout(milliseconds)
  // Compiles the code that the rounds run.
  await during(instance, storm)
  const rates = await interleave<() => Promise<void>, Usage>(
    [storm, peace],
  rounds,
  async (work, round) => {
    around.say(
        `bus: round ${round + 1}/${rounds}, ${what}, ${work === peace ? 'in peace' : 'invalidations'}`
    )
    return during(instance, work)
  }
  )
  await instance.end()

  const [busy = [], quiet = []] = [rates.get(storm), rates.get(peace)]
  const added = busy.map(({ cpu, heard }, i) => ({
    cpu,
    heard,
    peaceCpu: quiet[i]?.cpu ?? NaN,
    added: cpu - (quiet[i]?.cpu ?? NaN)
  }))
  const heard = spread(added.map(({ heard }) => heard)).median
  if (heard < PER_SECOND * 0.95) {
    throw new Error(
      `the instance received ${heard.toFixed()} invalidations/s, not ${PER_SECOND}`
    )
  }
  const percent = (values: readonly { cpu: number }[]) =>
    `${spread(values.map(({ cpu }) => cpu)).median.toFixed(2)} %`
  return {
    scenario: 'bus',
    what,
    a: `${percent(busy)} of a core, ${heard.toFixed()}/s`,
    b: `in peace ${percent(quiet)}`,
    unit: '%',
    measured: spread(added.map(({ added }) => added)),
    target: { atMost: 10 },
    rounds: added
  }
}

interface Usage {
  readonly cpu: number
  readonly heard: number
}

/** CPU use of the instance meanwhile, in percent of a core, and messages received per second. */
async function during (instance: Child, work: () => Promise<void>): Promise<Usage> {
  const before = await instance.ask()
  const began = performance.now()
  await work()
  const after = await instance.ask()
  const wall = performance.now() - began
  const grown = (what: string) => (after[what] ?? NaN) - (before[what] ?? NaN)
  return { cpu: grown('cpuMicros') / wall / 10, heard: grown('heard') / wall * 1000 }
}

/**
 * Invalidates one tag after another, as evenly as timers allow: a burst would be cheaper to
 * receive.
 */
async function invalidate (
  writer: Cache<unknown>,
  milliseconds: number,
  tag: () => string
): Promise<void> {
  const began = performance.now()
  const under: Promise<void>[] = []
  for (let passed = 0; passed < milliseconds;) {
    await setTimeout(1)
    passed = Math.min(performance.now() - began, milliseconds)
    while (under.length < (passed * PER_SECOND) / 1000) {
      under.push(writer.invalidate([tag()], BOUNDED))
    }
  }
  await Promise.all(under)
}
