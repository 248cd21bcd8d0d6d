import { join } from 'node:path'
import { createCache as createWeir, createCaches } from '@weir/cache'
import { memoryStore } from '@weir/cache/memory'
import { redisStore } from '@weir/cache/redis'
import { sqliteStore } from '@weir/cache/sqlite'
import { createCache as createDedupe } from 'async-cache-dedupe'
import { BentoCache, bentostore } from 'bentocache'
import { memoryDriver } from 'bentocache/drivers/memory'
import { redisBusDriver, redisDriver } from 'bentocache/drivers/redis'
import { Redis } from 'ioredis'
import { callFor, type Calls, compareCalls, type Reader } from '../calls.js'
import { productJson } from '../children/product.js'
import { interleave } from '../rounds.js'
import type { Result, Scenario, Surroundings } from '../scenario.js'
import { spread } from '../statistics.js'

const ROUNDS = 7
const MILLISECONDS = 250
const KEYS = Array.from({ length: 100 }, (_, i) => `product:${i}`)

type Make = (
  around: Surroundings,
  load: (key: string) => unknown,
  size: string
) => Reader | Promise<Reader>

const makeWeir = {
  memory: (_around, load) => {
    const cache = createWeir({ store: memoryStore(), namespace: 'bench' })
    return {
      what: 'memory',
      read: (key) => cache.remember(key, { ttl: '1h', tags: ['products'] }, () => load(key))
    }
  },
  wrapped: (_around, load) => {
    const cache = createWeir({ store: memoryStore(), namespace: 'bench' })
    return {
      what: 'memory, wrap()',
      read: cache.wrap(async (key: string) => load(key), {
        name: 'load',
        ttl: '1h',
        tags: ['products']
      })
    }
  },
  named: (_around, load) => {
    const caches = createCaches({
      stores: { memory: memoryStore() },
      caches: { products: { store: 'memory', ttl: '1h', staleIfError: '1d' } }
    })
    return {
      what: 'memory, named',
      read: (key) => caches.products.remember(key, { tags: ['products'] }, () => load(key))
    }
  },
  SQLite: (around, load, size) => {
    const store = sqliteStore({ file: join(around.dir, `remember-${size}.db`) })
    around.defer(() => store.close())
    const cache = createWeir({ store, namespace: 'bench' })
    return {
      what: 'SQLite',
      read: (key) => cache.remember(key, { ttl: '1h', tags: ['products'] }, () => load(key))
    }
  },
  Redis: async (around, load, size) => {
    const store = redisStore({ client: await connect(around) })
    around.defer(() => store.close())
    const cache = createWeir({ store, namespace: `bench-${size}` })
    return {
      what: 'Redis',
      read: (key) => cache.remember(key, { ttl: '1h', tags: ['products'] }, () => load(key))
    }
  }
} satisfies Record<string, Make>

/**
 * async-cache-dedupe as at the beginning of its README: memory storage with references (its tags).
 * It has one storage per function, so no two tiers; its Redis storage reads and parses on every
 * hit.
 */
const dedupe: Make = (_around, load) => {
  const cache = createDedupe({
    ttl: 3600,
    storage: { type: 'memory', options: { invalidation: true } }
  }).define('product', { references: () => ['products'] }, async (key: string) => load(key))
  return { what: 'async-cache-dedupe', read: (key) => cache.product(key) }
}

/**
 * bentocache as documented for several instances: memory, Redis, and a bus between them. Its memory
 * stores text by default.
 */
const bento = (what: string, serialize: boolean): Make => async (around, load, size) => {
  const cache = new BentoCache({
    default: 'products',
    prefix: `bento-${what}-${size}`,
    stores: {
      products: bentostore()
        .useL1Layer(
          memoryDriver(serialize ? { maxSize: '64mb' } : { maxItems: 10_000, serialize: false })
        )
        .useL2Layer(redisDriver({ connection: await connect(around) }))
        .useBus(redisBusDriver({ connection: await connect(around) }))
    }
  })
  around.defer(() => cache.disconnectAll())
  return {
    what,
    read: (key) => cache.getOrSet({ key, ttl: '1h', tags: ['products'], factory: () => load(key) })
  }
}

const rivals = {
  dedupe,
  bento: bento('bentocache two-tier', true),
  unserialized: bento('bentocache, serialize: false', false)
}

/** A hit in a service's own code: one call after the other, in one process, of stored values. */
export const remember: Scenario = {
  name: 'remember',
  about: 'a remember() hit in memory against async-cache-dedupe and bentocache',
  async run (around) {
    const results: Result[] = []
    const times = around.repeat(ROUNDS)
    for (const [size, bytes] of [['1 KiB', 1024], ['16 KiB', 16384]] as const) {
      const load = (key: string): unknown => JSON.parse(productJson(key, bytes))
      const name = size.replace(' ', '')
      const make = async (reader: Make) => {
        const made = await reader(around, load, name)
        for (const key of KEYS) await made.read(key)
        await callFor(MILLISECONDS, made, KEYS)
        return made
      }
      around.say(`remember: warming up, ${size}`)
      const memory = await make(makeWeir.memory)
      const wrapped = await make(makeWeir.wrapped)
      const named = await make(makeWeir.named)
      const sqlite = await make(makeWeir.SQLite)
      const redis = await make(makeWeir.Redis)
      const asyncDedupe = await make(rivals.dedupe)
      const bentocache = await make(rivals.bento)
      const unserialized = await make(rivals.unserialized)

      const readers = [memory, wrapped, named, asyncDedupe, sqlite, bentocache, redis, unserialized]
      const rounds = await interleave(readers, times, async (reader, round) => {
        around.say(`remember: round ${round + 1}/${times}, ${size}, ${reader.what}`)
        return callFor(MILLISECONDS, reader, KEYS)
      })
      const against = (a: Reader, b: Reader, atLeast?: number) => {
        results.push(compareCalls('remember', size, a, b, rounds, atLeast))
      }
      against(wrapped, memory, 0.77)
      against(named, memory, 0.95)
      against(memory, asyncDedupe, 1.5)
      against(sqlite, asyncDedupe, 1.5)
      against(memory, bentocache, 25)
      against(sqlite, bentocache, 25)
      against(redis, bentocache)
      against(sqlite, unserialized)
      for (const [reader, atMost] of [[memory, 0.16], [redis, 0.22], [sqlite, 0.4]] as const) {
        results.push(costOf(size, reader, rounds.get(reader) ?? [], atMost))
      }
    }
    return results
  }
}

/** CPU time per call, against that of two quiet cores of an AMD EPYC when the target was set. */
function costOf (size: string, { what }: Reader, rounds: readonly Calls[], atMost: number): Result {
  return {
    scenario: 'remember',
    what: `${what} ${size}, CPU`,
    a: 'a call',
    unit: 'µs',
    measured: spread(rounds.map(({ cpuMicros }) => cpuMicros)),
    target: { atMost },
    rounds: rounds.map(({ perSecond, cpuMicros }) => ({ perSecond, cpuMicros }))
  }
}

async function connect (around: Surroundings): Promise<Redis> {
  const client = new Redis(around.redis, { enableAutoPipelining: true, lazyConnect: true })
  around.defer(() => { client.disconnect() })
  await client.connect()
  return client
}
