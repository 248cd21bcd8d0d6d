import { createCache as createWeir } from '@weir/cache'
import { redisStore, type RedisClient } from '@weir/cache/redis'
import { createCache as createDedupe } from 'async-cache-dedupe'
import { BentoCache, bentostore } from 'bentocache'
import { redisDriver } from 'bentocache/drivers/redis'
import { callFor, type Calls, compareCalls, type Reader } from '../calls.js'
import { productJson } from '../children/product.js'
import { connected, connectedNodeRedis } from '../connected.js'
import { interleave } from '../rounds.js'
import type { Result, Scenario, Surroundings } from '../scenario.js'

const ROUNDS = 7
const MILLISECONDS = 150
// Milliseconds in which hot code is compiled, even if other work takes part of the processor.
const WARM_UP = 1000
const KEYS = Array.from({ length: 100 }, (_, i) => `product:${i}`)

/**
 * Sizes, and the lowest acceptable parts of the calls of a bare GET: one at a time, 64 in flight,
 * the same with node-redis.
 */
const SIZES = [
  { size: '1 KiB', bytes: 1024, one: 0.95, many: 1, manyNodeRedis: 1.5 },
  { size: '16 KiB', bytes: 16384, one: 0.6, many: 0.3, manyNodeRedis: 0.4 }
] as const

/**
 * A value read from Redis by each library, with tags and without L1, against a GET of its JSON by
 * ioredis.
 */
export const rememberRedis: Scenario = {
  name: 'remember-redis',
  about:
    'a remember() hit in Redis, L1 off, against a bare ioredis GET, async-cache-dedupe and bentocache',
  async run (around) {
    const times = around.repeat(ROUNDS)
    const results: Result[] = []
    for (const { size, bytes, one, many, manyNodeRedis } of SIZES) {
      around.say(`remember-redis: warming up, ${size}`)
      const get = await makeGet(around, bytes)
      const ioredis = weir(around, 'ioredis', await connected(around), bytes)
      const nodeRedis = weir(around, 'node-redis', await connectedNodeRedis(around), bytes)
      const dedupe = await makeDedupe(around, bytes)
      const bento = await makeBento(around, bytes)
      const readers = [get, ioredis, dedupe, nodeRedis, bento]
      for (const { read } of readers) for (const key of KEYS) await read(key)
      for (const reader of readers) await callFor(around.stretch(WARM_UP), reader, KEYS, 64)

      for (const inFlight of [1, 64]) {
        const rounds: ReadonlyMap<Reader, readonly Calls[]> = await interleave(
          readers,
          times,
          async (reader, round) => {
            around.say(
              `remember-redis: round ${round + 1}/${times}, ${size}, ${inFlight} in flight, ${reader.what}`
            )
            return callFor(around.stretch(MILLISECONDS), reader, KEYS, inFlight)
          }
        )
        const what = inFlight === 1 ? size : `${size}, ${inFlight} in flight`
        const against = (a: Reader, b: Reader, atLeast?: number) => {
          results.push(compareCalls('remember-redis', what, a, b, rounds, atLeast))
        }
        against(ioredis, get, inFlight === 1 ? one : many)
        against(nodeRedis, get, inFlight === 1 ? undefined : manyNodeRedis)
        against(ioredis, dedupe, 1)
        against(ioredis, bento, 1)
      }
    }
    return results
  }
}

const load = (key: string, bytes: number): unknown => JSON.parse(productJson(key, bytes))

/** The same client as the store's, and as many bytes as the body of a frame. */
async function makeGet (around: Surroundings, bytes: number): Promise<Reader> {
  const client = await connected(around)
  for (const key of KEYS) await client.set(`bare:${bytes}:${key}`, productJson(key, bytes))
  return { what: 'ioredis GET', read: (key) => client.getBuffer(`bare:${bytes}:${key}`) }
}

function weir (around: Surroundings, what: string, client: RedisClient, bytes: number): Reader {
  const store = redisStore({ client })
  // The connection that the store listens on would keep the process alive.
  around.defer(() => store.close())
  const cache = createWeir({ store, namespace: `remember-redis-${bytes}`, l1: false })
  return {
    what,
    read: (key) => cache.remember(key, { ttl: '1h', tags: ['products'] }, () => load(key, bytes))
  }
}

/** async-cache-dedupe with its Redis storage and references (its tags). */
async function makeDedupe (around: Surroundings, bytes: number): Promise<Reader> {
  const storage = {
    type: 'redis' as const,
    options: { client: await connected(around), invalidation: true }
  }
  const name = `product${bytes}`
  const cache = createDedupe({ ttl: 3600, storage }).define(
    'product',
    { references: () => ['products'], serialize: (key: string) => `${name}:${key}` },
    async (key: string) => load(key, bytes)
  )
  return { what: 'async-cache-dedupe', read: (key) => cache.product(key) }
}

async function makeBento (around: Surroundings, bytes: number): Promise<Reader> {
  const cache = new BentoCache({
    default: 'products',
    prefix: `bento-l2-${bytes}`,
    stores: {
      products: bentostore().useL2Layer(redisDriver({ connection: await connected(around) }))
    }
  })
  around.defer(() => cache.disconnectAll())
  return {
    what: 'bentocache',
    read: (key) =>
      cache.getOrSet({ key, ttl: '1h', tags: ['products'], factory: () => load(key, bytes) })
  }
}
