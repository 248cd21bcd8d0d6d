import { createCache as createWeir } from '@weir/cache'
import { redisStore, type RedisClient } from '@weir/cache/redis'
import { callFor, type Calls, compareCalls, type Reader } from '../calls.js'
import { connected, connectedNodeRedis } from '../connected.js'
import { interleave } from '../rounds.js'
import type { Result, Scenario, Surroundings } from '../scenario.js'

const ROUNDS = 7
const MILLISECONDS = 150
// Milliseconds in which hot code is compiled, even if other work takes part of the processor.
const WARM_UP = 1000
const MANY_KEYS = Array.from({ length: 100 }, (_, i) => `views:${i}`)

/** The lowest acceptable part of INCR's calls. */
const TARGET = 0.9

const COUNTERS = [
  { what: '100 counters', keys: MANY_KEYS },
  { what: '1 counter', keys: MANY_KEYS.slice(0, 1) }
] as const

/** A counter that can be invalidated, against a plain INCR. */
export const increment: Scenario = {
  name: 'increment',
  about: 'increment() in Redis against a bare ioredis INCR',
  async run (around) {
    const times = around.repeat(ROUNDS)
    const results: Result[] = []
    const incr = await makeIncr(around)
    const ioredis = weir(around, 'ioredis', await connected(around))
    const nodeRedis = weir(around, 'node-redis', await connectedNodeRedis(around))
    const counters = [incr, ioredis, nodeRedis]
    around.say('increment: warming up')
    for (const { read } of counters) for (const key of MANY_KEYS) await read(key)
    for (const counter of counters) await callFor(around.stretch(WARM_UP), counter, MANY_KEYS, 64)

    for (const { what, keys } of COUNTERS) {
      for (const inFlight of [1, 64]) {
        const rounds: ReadonlyMap<Reader, readonly Calls[]> = await interleave(
          counters,
          times,
          async (counter, round) => {
            around.say(
              `increment: round ${round + 1}/${times}, ${what}, ${inFlight} in flight, ${counter.what}`
            )
            return callFor(around.stretch(MILLISECONDS), counter, keys, inFlight)
          }
        )
        const kind = inFlight === 1 ? what : `${what}, ${inFlight} in flight`
        results.push(compareCalls('increment', kind, ioredis, incr, rounds, TARGET))
        results.push(compareCalls('increment', kind, nodeRedis, incr, rounds))
      }
    }
    return results
  }
}

/** The same client as the store's. */
async function makeIncr (around: Surroundings): Promise<Reader> {
  const client = await connected(around)
  return { what: 'ioredis INCR', read: (key) => client.incr(`bare:${key}`) }
}

function weir (around: Surroundings, what: string, client: RedisClient): Reader {
  const store = redisStore({ client })
  // The connection that the store listens on would keep the process alive.
  around.defer(() => store.close())
  const cache = createWeir({ store, namespace: `increment-${what}` })
  return { what, read: (key) => cache.increment(key) }
}
