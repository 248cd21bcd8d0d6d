import { Redis } from 'ioredis'
import { type Child, startChild } from '../children/start.js'
import { distant } from '../relay.js'
import type { Result, Scenario, Surroundings } from '../scenario.js'
import { spread } from '../statistics.js'

// Milliseconds in each direction. Long compared with the other work of a miss, and short enough for
// the proofs of the lease: further away, an instance seldom trusts its memory and asks more often.
const AWAY = 5
const SAMPLES = 30
const WARM_UP = 20

/** Instances of the service near Redis and far from it. */
interface Fleet {
  readonly near: Child
  readonly far: Child
}

/** Prepares the caches so that the instance far from Redis misses the path. */
type Prepare = (fleet: Fleet, path: string) => Promise<void>

const coldKey: Prepare = async () => {}

const cases: readonly (readonly [string, Prepare])[] = [
  ['cold key', coldKey],
  ['invalidated, was in memory', async ({ near, far }, path) => {
    await ask(far, path)
    await ask(near, path, 'POST')
  }],
  ['invalidated, was in the store', async ({ near }, path) => {
    await ask(near, path)
    await ask(near, path, 'POST')
  }]
]

/**
 * Counts how often a miss waits for Redis before and after its handler: the rest of its time where
 * Redis is far away.
 */
export const miss: Scenario = {
  name: 'miss',
  about: 'consecutive round trips to Redis that a miss adds to the time of its handler',
  async run (around) {
    const redis = await distant(around, AWAY)
    const roundTrip = await timed(around, redis)
    const fleet = { near: await started(around, around.redis), far: await started(around, redis) }
    const results: Result[] = []
    for (const ms of [0, 50]) {
      const own = spread(
        await measure(around, fleet, `uncached/${ms}`, coldKey, `uncached, ${ms} ms`)
      ).median
      for (const [what, prepare] of cases) {
        const times = await measure(around, fleet, `cached/${ms}`, prepare, `${what}, ${ms} ms`)
        const rounds = times.map((time) => ({
          added: time - own,
          trips: Math.round((time - own) / roundTrip)
        }))
        results.push({
          scenario: 'miss',
          what: `${what}, ${ms} ms`,
          a: `${spread(rounds.map(({ added }) => added)).median.toFixed(1)} ms added`,
          b: `round trip ${roundTrip.toFixed(1)} ms`,
          unit: 'trips',
          measured: spread(rounds.map(({ trips }) => trips)),
          target: { atMost: 2 },
          rounds
        })
      }
    }
    return results
  }
}

async function started (around: Surroundings, redis: string): Promise<Child> {
  const child = await startChild('slow', ['--redis', redis])
  around.defer(() => child.end())
  return child
}

/** Duration of a command, in milliseconds. */
async function timed (around: Surroundings, redis: string): Promise<number> {
  const client = new Redis(redis, { lazyConnect: true })
  around.defer(() => { client.disconnect() })
  await client.connect()
  const times: number[] = []
  for (let i = 0; i < around.repeat(SAMPLES); i++) {
    const began = performance.now()
    await client.ping()
    times.push(performance.now() - began)
  }
  return spread(times).median
}

/** Times from a request to the end of its response, less those of the handler, in milliseconds. */
async function measure (
  around: Surroundings,
  fleet: Fleet,
  path: string,
  prepare: Prepare,
  what: string
): Promise<number[]> {
  around.say(`miss: ${what}`)
  const times: number[] = []
  const warmUp = Math.round(around.stretch(WARM_UP))
  for (let i = -warmUp; i < around.repeat(SAMPLES); i++) {
    // Each repetition has a key of its own.
    const one = `${path}/${what.replaceAll(/\W+/g, '-')}-${i + warmUp}`
    await prepare(fleet, one)
    const { fills: before = NaN } = await fleet.far.ask()
    const began = performance.now()
    const took = await ask(fleet.far, one)
    const time = performance.now() - began - took
    const { fills: after = NaN } = await fleet.far.ask()
    if (after !== before + 1) throw new Error(`${what}: the handler ran ${after - before} times`)
    if (i >= 0) times.push(time)
  }
  return times
}

/** Requests a path and returns the duration of the handler that made the response. */
async function ask (child: Child, path: string, method = 'GET'): Promise<number> {
  const response = await fetch(`${String(child.ready['url'])}/${path}`, { method })
  const body: unknown = await response.json()
  if (response.status !== 200) {
    throw new Error(`${method} /${path}: ${response.status} ${JSON.stringify(body)}`)
  }
  return typeof body === 'object' && body !== null && 'took' in body ? Number(body.took) : 0
}
