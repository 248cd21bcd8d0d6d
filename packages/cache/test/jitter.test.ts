import t from 'tap'
import { createCache } from '../src/index.js'
import { memoryStore } from '../src/stores/memory.js'
import { NOW, stopDate } from './clock.js'

t.test('jitter shortens the ttl by up to its fraction', async (t) => {
  stopDate(t)
  const cache = createCache<number>({ store: memoryStore(), namespace: 'n' })
  const ttlWith = async (random: number, jitter?: number) => {
    t.intercept(Math, 'random', { value: () => random })
    await cache.set('key', 1, { ttl: 1000, ...(jitter === undefined ? {} : { jitter }) })
    return (cache.lookup('key')?.entry.freshUntil ?? NaN) - NOW
  }
  t.equal(await ttlWith(0.5), 1000)
  t.equal(await ttlWith(0.5, 0), 1000)
  t.equal(await ttlWith(0, 0.2), 1000)
  t.equal(await ttlWith(0.5, 0.2), 900)
  t.equal(await ttlWith(0.75, 1), 250)
})

t.test('the stale windows begin where the shortened ttl ends', async (t) => {
  stopDate(t)
  t.intercept(Math, 'random', { value: () => 0.5 })
  const cache = createCache<number>({ store: memoryStore(), namespace: 'n' })
  await cache.set('key', 1, {
    ttl: 1000,
    jitter: 0.2,
    staleWhileRevalidate: 100,
    staleIfError: 200
  })
  t.match(cache.lookup('key')?.entry, {
    freshUntil: NOW + 900,
    staleUntil: NOW + 1000,
    errorUntil: NOW + 1100
  })
})

t.test('values filled together do not expire together', async (t) => {
  const cache = createCache<number>({ store: memoryStore(), namespace: 'n' })
  const keys = Array.from({ length: 100 }, (_, i) => `key-${i}`)
  for (const key of keys) await cache.set(key, 1, { ttl: '1h', jitter: 0.5 })
  const ends = new Set(
    keys.map((key) => Math.round((cache.lookup(key)?.entry.freshUntil ?? 0) / 1000))
  )
  t.ok(ends.size > 50, `${ends.size} of 100 seconds`)
})
