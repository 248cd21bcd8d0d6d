import t from 'tap'
import { type CacheOptions, createCache } from '../src/index.js'
import { memoryStore } from '../src/stores/memory.js'
import { stopDate } from './clock.js'
import { steeredStore } from './steered-store.js'

t.test('a value is computed once, then comes from memory', async (t) => {
  const { store, asked } = steeredStore()
  const cache = createCache<{ id: number }>({ store, namespace: 'n' })
  let runs = 0
  const read = () => cache.remember('key', { ttl: '1m' }, async () => ({ id: ++runs }))
  t.strictSame(await read(), { id: 1 })
  asked.length = 0
  t.equal(await read(), await read(), 'the same object')
  t.equal(runs, 1)
  t.strictSame(asked, [], 'nothing was asked of the store')
})

t.test('a function may return synchronously', async (t) => {
  const cache = createCache<string>({ store: memoryStore(), namespace: 'n' })
  t.equal(await cache.remember('key', { ttl: 1000 }, () => 'value'), 'value')
  t.equal(await cache.get('key'), 'value')
})

t.test('without its own memory it reads the store each time', async (t) => {
  const { store, asked } = steeredStore()
  const cache = createCache<{ id: number }>({ store, namespace: 'n', l1: false })
  let runs = 0
  for (let i = 0; i < 3; i++) {
    t.strictSame(await cache.remember('key', { ttl: '1m' }, () => ({ id: ++runs })), { id: 1 })
  }
  t.strictSame(asked, ['get', 'claim', 'set', 'get', 'get'])
})

t.test('two instances share a computed value', async (t) => {
  const store = memoryStore()
  const [a, b] = [
    createCache<string>({ store, namespace: 'n' }),
    createCache<string>({ store, namespace: 'n' })
  ]
  await a.remember('key', { ttl: '1m', tags: ['tag'] }, () => 'of a')
  t.equal(await b.remember('key', { ttl: '1m', tags: ['tag'] }, () => 'of b'), 'of a')
  t.match(b.stats().hits, { l1: 0, l2: 1 })
  t.equal(await b.get('key'), 'of a')
  t.match(b.stats().hits, { l1: 1, l2: 1 })
})

t.test('it expires after its ttl, in memory and in the store', async (t) => {
  const date = stopDate(t)
  const store = memoryStore()
  const options: CacheOptions<number> = { store, namespace: 'n' }
  const [a, b] = [createCache(options), createCache({ ...options, l1: false })]
  let runs = 0
  const read = (cache: typeof a) => cache.remember('key', { ttl: '10s' }, () => ++runs)
  await read(a)
  date.advance(9999)
  t.strictSame([await read(a), await read(b), await a.get('key')], [1, 1, 1])
  date.advance(1)
  t.equal(await a.get('key'), undefined)
  t.equal(a.stats().discarded, 0, 'to end is not to be invalid')
  t.strictSame([await read(b), await read(a)], [2, 2])
})

t.test('a value with a ttl of zero is shared with waiting callers, and not stored', async (t) => {
  const { store, asked } = steeredStore()
  const cache = createCache<number>({ store, namespace: 'n' })
  let runs = 0
  const read = () => cache.remember('key', { ttl: 0 }, () => ++runs)
  t.strictSame(await Promise.all([read(), read(), read()]), [1, 1, 1])
  t.equal(await read(), 2)
  t.notOk(asked.includes('set'))
})

t.test('tags may depend on the value', async (t) => {
  const cache = createCache<{ id: number }>({ store: memoryStore(), namespace: 'n' })
  const read = (id: number) =>
    cache.remember(
      `product ${id}`,
      { ttl: '1m', tags: (value) => [`product:${value.id}`] },
      () => ({ id })
    )
  await read(1)
  await read(2)
  await cache.invalidate(['product:1'])
  t.strictSame([await cache.has('product 1'), await cache.has('product 2')], [false, true])
})

t.test('keys and namespaces are separate', async (t) => {
  const store = memoryStore()
  const [a, b] = [
    createCache<string>({ store, namespace: 'a' }),
    createCache<string>({ store, namespace: 'b' })
  ]
  await a.remember('key', { ttl: '1m', tags: ['tag'] }, () => 'a')
  t.equal(await b.remember('key', { ttl: '1m', tags: ['tag'] }, () => 'b'), 'b')
  await b.invalidate(['tag'])
  await b.clear()
  t.equal(await a.get('key'), 'a')
})
