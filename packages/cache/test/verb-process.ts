import { createCache, type Store } from '../src/index.js'
import { memcachedStore } from '../src/stores/memcached/index.js'
import { postgresStore } from '../src/stores/postgres/index.js'
import { redisStore } from '../src/stores/redis/index.js'
import { sqliteStore } from '../src/stores/sqlite/index.js'
import type { Work } from './verb-processes.js'

/**
 * A process that counts, and competes with others for a key in each round. See verb-processes.ts.
 */
const { place, increments, rounds } = JSON.parse(process.argv[2] ?? '') as Work

const store = open()
const cache = createCache<string>({ store, namespace: 'n' })

function open (): Store {
  if ('file' in place) return sqliteStore(place)
  if ('servers' in place) return memcachedStore({ ...place, commandTimeout: 60_000 })
  const options = { lease: 10, commandTimeout: 60_000 }
  return 'redis' in place
    ? redisStore({ url: place.redis, ...options })
    : postgresStore({ url: place.postgres, ...options })
}

async function count (): Promise<number[]> {
  const sums: number[] = []
  // Half of them one by one, half concurrently: on a shared counter, and on one of this process.
  while (sums.length < increments / 2) sums.push(await cache.increment('counter'))
  while (sums.length < increments) {
    const some = await Promise.all(
      Array.from({ length: Math.min(10, increments - sums.length) }, () =>
        cache.increment('counter')
      )
    )
    sums.push(...some)
  }
  return sums
}

/** Returns by name, for each round, whether this process won. */
async function race (): Promise<Record<string, boolean[]>> {
  const won: Record<string, boolean[]> = { add: [], pull: [], compareAndSet: [] }
  for (let round = 0; round < rounds; round++) {
    const own = `${process.pid}`
    won['add']?.push(await cache.add(`add-${round}`, own, { ttl: '1h', consistency: 'bounded' }))
    won['pull']?.push(await cache.pull(`pull-${round}`, { consistency: 'bounded' }) !== undefined)
    const { value, version } = await cache.getWithVersion(`set-${round}`)
    won['compareAndSet']?.push(
      value === 'begin' &&
        (await cache.compareAndSet(`set-${round}`, version, own, {
          ttl: '1h',
          consistency: 'bounded'
        }))
    )
  }
  return won
}

process.once('message', () => {
  Promise.all([count(), race()]).then(([sums, won]) => {
    process.send?.({ sums, won })
  }, (error: unknown) => {
    process.send?.({ error: String(error) })
  }).finally(() => store.close()).finally(() => { process.disconnect() })
})
// The namespace is in use before the race begins.
cache.get('ready').then(() => { process.send?.('ready') }, () => {})
