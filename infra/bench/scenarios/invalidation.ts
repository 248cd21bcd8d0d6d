import { createCache, type Cache } from '@weir/cache'
import { redisStore } from '@weir/cache/redis'
import { Redis } from 'ioredis'
import type { Result, Scenario, Surroundings } from '../scenario.js'
import { slowest, watchCommands } from '../slowlog.js'
import { spread } from '../statistics.js'

const ENTRIES = 100_000
const RECORDS = 100_000
const SAMPLES = 50
// Promises in flight while entries are written.
const BATCH = 1000
// The cost without the wait for leases, which is the same for any number of entries.
const BOUNDED = { consistency: 'bounded' } as const
const VALUE = Buffer.alloc(100, 'x')

/**
 * The cost of invalidating a tag of very many entries, with few and very many tags in the store.
 */
export const invalidation: Scenario = {
  name: 'invalidation',
  about: 'invalidating a tag of 100,000 entries in Redis: time, and the longest command',
  async run (around) {
    const client = new Redis(around.redis, { enableAutoPipelining: true, lazyConnect: true })
    around.defer(() => { client.disconnect() })
    await client.connect()
    const store = redisStore({ client, maxTags: RECORDS })
    around.defer(() => store.close())
    const cache = createCache<Buffer>({ store, namespace: 'invalidation', l1: false })

    around.say(`invalidation: putting ${ENTRIES} entries with one tag`)
    for (let i = 0; i < ENTRIES; i += BATCH) {
      await batch(i, (product) =>
        cache.remember(product, { ttl: '1h', tags: ['products', product] }, () => VALUE)
      )
    }
    const results = await measure(
      around,
      client,
      cache,
      '1 tag of 100,000 entries',
      () => 'products'
    )

    around.say(`invalidation: writing ${RECORDS} tag records`)
    for (let i = 0; i < RECORDS; i += BATCH) {
      // One write per product, each with a stamp of its own.
      await batch(i, (product) => cache.invalidate([product], BOUNDED))
    }
    results.push(
      ...(await measure(around, client, cache, 'the same, 100,000 tag records', () => 'products'))
    )
    results.push(
      ...(await measure(
        around,
        client,
        cache,
        'a new tag at the limit of records',
        (i) => `new:${i}`
      ))
    )
    return results
  }
}

async function batch (first: number, act: (product: string) => Promise<unknown>): Promise<void> {
  await Promise.all(Array.from({ length: BATCH }, (_, i) => act(`product:${first + i}`)))
}

async function measure (
  around: Surroundings,
  client: Redis,
  cache: Cache<Buffer>,
  what: string,
  tag: (i: number) => string
): Promise<Result[]> {
  around.say(`invalidation: ${what}`)
  const times: number[] = []
  // The first calls compile the code that the others run.
  for (let i = -10; i < 0; i++) await cache.invalidate([tag(i)], BOUNDED)
  await watchCommands(client)
  for (let i = 0; i < SAMPLES; i++) {
    const began = performance.now()
    await cache.invalidate([tag(i)], BOUNDED)
    times.push(performance.now() - began)
  }
  const commands = await slowest(client, SAMPLES)
  return [
    {
      scenario: 'invalidation',
      what,
      a: 'invalidate()',
      unit: 'ms',
      measured: spread(times),
      target: { atMost: 2 },
      rounds: times.map((ms) => ({ ms }))
    },
    {
      scenario: 'invalidation',
      what: `${what}, Redis`,
      a: 'commands, by SLOWLOG',
      unit: 'ms',
      measured: spread(commands),
      target: { everyAtMost: 1 },
      rounds: commands.map((ms) => ({ ms }))
    }
  ]
}
