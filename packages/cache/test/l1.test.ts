import t from 'tap'
import { createCache } from '../src/index.js'
import { stopDate } from './clock.js'
import { steeredStore } from './steered-store.js'

const OPTIONS = { ttl: '1m' } as const

t.test('limited by count: the least recently used are evicted, and are still in the store', async (t) => {
  const { store } = steeredStore()
  const cache = createCache<string>({ store, namespace: 'n', l1: { maxEntries: 2 } })
  await cache.set('a', 'a', OPTIONS)
  await cache.set('b', 'b', OPTIONS)
  t.ok(cache.lookup('a'))
  await cache.set('c', 'c', OPTIONS)
  t.strictSame(['a', 'b', 'c'].map((key) => cache.lookup(key)?.entry.value), ['a', undefined, 'c'])
  t.match(cache.stats().l1, { entries: 2, evictions: 1 })
  t.equal(await cache.get('b'), 'b')
  t.match(cache.stats().hits, { l2: 1 })
})

t.test('limited by bytes, including keys and bookkeeping', async (t) => {
  const maxBytes = 64 * 1024
  const { store } = steeredStore()
  const cache = createCache<Buffer>({ store, namespace: 'n', l1: { maxBytes } })
  for (let i = 0; i < 1000; i++) {
    await cache.set(`key-${i}`, Buffer.alloc(i), OPTIONS)
    if (cache.stats().l1.bytes > maxBytes) t.fail(`${cache.stats().l1.bytes} bytes after ${i}`)
  }
  const { entries, bytes, evictions } = cache.stats().l1
  t.equal(entries + evictions, 1000)
  t.ok(bytes > entries * (999 - entries), 'the bodies count')
  t.ok(bytes < entries * (1000 + 1024), 'at most the body and 1 KiB an entry')
  await cache.set('large', Buffer.alloc(maxBytes), OPTIONS)
  t.equal(cache.lookup('large'), undefined, 'a value larger than the limit is not kept')
  t.ok(await cache.has('large'), 'here, but in the store')
})

t.test('memory returns the same object, the store a copy', async (t) => {
  const { store } = steeredStore()
  const cache = createCache<{ id: number }>({ store, namespace: 'n' })
  const value = { id: 1 }
  await cache.set('key', value, OPTIONS)
  t.equal(await cache.get('key'), value)
  const other = await createCache<{ id: number }>({ store, namespace: 'n' }).get('key')
  t.not(other, value)
  t.strictSame(other, value)
})

t.test('a slow read of an older entry does not replace a newer one in memory', async (t) => {
  const date = stopDate(t)
  const steered = steeredStore()
  const options = { store: steered.store, namespace: 'n' }
  await createCache<string>(options).set('key', 'older', OPTIONS)
  const cache = createCache<string>(options)
  date.advance(1)
  steered.after.get = async () => { await cache.set('key', 'newer', OPTIONS) }
  await cache.get('key')
  t.equal(cache.lookup('key')?.entry.value, 'newer')
})
