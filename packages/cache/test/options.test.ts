import t from 'tap'
import { type Cache, createCache } from '../src/index.js'
import { memoryStore } from '../src/stores/memory.js'

const newCache = () => createCache<unknown>({ store: memoryStore(), namespace: 'n' })
const OPTIONS = { ttl: '1m' } as const
/** What plain JavaScript may hand over. */
const untyped = (value: unknown) => value as never

t.test('a namespace', async (t) => {
  for (const namespace of ['', ' ', 'a b', 'a:b', '{a}', 'ключ', 'a\n', undefined, null, 5]) {
    t.throws(() => createCache({ store: memoryStore(), namespace: untyped(namespace) }), { code: 'WEIR_CACHE_INVALID_OPTION', message: /namespace/ })
    if (namespace !== undefined) await t.rejects(newCache().clear(untyped(namespace)), { code: 'WEIR_CACHE_INVALID_OPTION' })
  }
  t.equal(createCache({ store: memoryStore(), namespace: 'Products_v1.2-a' }).namespace, 'Products_v1.2-a')
})

t.test('memory limits and the fill timeout', async (t) => {
  for (const limit of [0, -1, 1.5, NaN, Infinity, '5']) {
    t.throws(() => createCache({ store: memoryStore(), namespace: 'n', l1: { maxBytes: untyped(limit) } }), { code: 'WEIR_CACHE_INVALID_OPTION', message: /maxBytes/ })
    t.throws(() => createCache({ store: memoryStore(), namespace: 'n', l1: { maxEntries: untyped(limit) } }), { code: 'WEIR_CACHE_INVALID_OPTION', message: /maxEntries/ })
  }
  t.throws(() => createCache({ store: memoryStore(), namespace: 'n', fillTimeout: untyped('soon') }), { code: 'WEIR_CACHE_INVALID_DURATION', message: /fillTimeout/ })
})

t.test('a key: every method says so, as a rejection', async (t) => {
  const invalid = { code: 'WEIR_CACHE_INVALID_KEY', message: /is not a key: give/ }
  for (const key of ['', 5, 5n, null, undefined, {}, ['a'], 'a\ud800', '\udc00']) {
    const methods: ((cache: Cache<unknown>) => Promise<unknown>)[] = [
      (cache) => cache.get(untyped(key)),
      (cache) => cache.getMany([untyped(key)]),
      (cache) => cache.has(untyped(key)),
      (cache) => cache.set(untyped(key), 1, OPTIONS),
      (cache) => cache.delete(untyped(key)),
      (cache) => cache.remember(untyped(key), OPTIONS, () => 1),
      (cache) => cache.acquire(untyped(key))
    ]
    for (const method of methods) await t.rejects(method(newCache()), invalid)
  }
})

t.test('tags', async (t) => {
  const invalid = { code: 'WEIR_CACHE_INVALID_TAG', message: /is not a tag: give/ }
  for (const tags of [[''], ['a', ''], ['a\ud800'], [5], [5n], [null], [undefined], 'product:1', 5, null, { length: 1 }]) {
    const cache = newCache()
    await t.rejects(cache.invalidate(untyped(tags)), invalid)
    await t.rejects(cache.set('key', 1, { ...OPTIONS, tags: untyped(tags) }), invalid)
    await t.rejects(cache.remember('key', { ...OPTIONS, tags: untyped(tags) }, () => 1), invalid)
    await t.rejects(cache.remember('key', { ...OPTIONS, tags: () => untyped(tags) }, () => 1), invalid)
    t.equal(cache.stats().invalidations, 0)
    t.notOk(await cache.has('key'))
  }
})

t.test('durations and jitter of an entry', async (t) => {
  for (const option of ['ttl', 'staleWhileRevalidate', 'staleIfError']) {
    await t.rejects(newCache().set('key', 1, untyped({ ...OPTIONS, [option]: '5 minutes' })), { code: 'WEIR_CACHE_INVALID_DURATION', message: new RegExp(option) })
    await t.rejects(newCache().remember('key', untyped({ ...OPTIONS, [option]: -1 }), () => 1), { code: 'WEIR_CACHE_INVALID_DURATION' })
  }
  await t.rejects(newCache().set('key', 1, untyped({})), { code: 'WEIR_CACHE_INVALID_DURATION', message: /ttl: undefined/ })
  await t.rejects(newCache().remember('key', untyped({ ...OPTIONS, negativeTtl: 'never' }), () => null), { code: 'WEIR_CACHE_INVALID_DURATION' })
  for (const jitter of [-0.1, 1.1, NaN, 'much', null]) {
    await t.rejects(newCache().set('key', 1, { ...OPTIONS, jitter: untyped(jitter) }), { code: 'WEIR_CACHE_INVALID_OPTION', message: /jitter/ })
  }
})
