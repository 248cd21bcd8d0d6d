import t from 'tap'
import { type Cache, createCache, createCaches, type Serializer, valueType } from '../src/index.js'
import { memoryStore } from '../src/stores/memory.js'

interface Product { readonly id: string, readonly price: number }
const load = async (): Promise<Product> => ({ id: '42', price: 5 })
const invalid = { code: 'WEIR_CACHE_INVALID_OPTION' }

// These tests mostly check which lines compile, and that those after @ts-expect-error do not.
t.test('a cache with a ttl needs no options, one without it needs a ttl', async (t) => {
  const plain = createCache<Product>({ store: memoryStore(), namespace: 'plain' })
  const timed = createCache<Product>({ store: memoryStore(), namespace: 'timed', ttl: '1m' })

  t.equal(await timed.set('a', await load()), true)
  t.equal(await timed.set('a', await load(), { tags: ['a'] }), true)
  t.strictSame(await timed.remember('a', load), await load())
  t.strictSame(await timed.remember('b', { tags: (product) => [product.id] }, load), await load())
  t.strictSame(await timed.wrap(load, { name: 'one' })(), await load())
  t.strictSame(
    await timed.wrap(async function two (id: string) {
      return { ...(await load()), id }
    })('7'),
    { id: '7', price: 5 }
  )

  t.equal(await plain.set('a', await load(), { ttl: '1m' }), true)
  t.strictSame(
    await plain.remember('a', { ttl: '1m', tags: (product) => [product.id] }, load),
    await load()
  )
  // @ts-expect-error without a ttl
  await t.rejects(plain.set('a', await load()), {
    code: 'WEIR_CACHE_INVALID_DURATION',
    message: /ttl/
  })
  // @ts-expect-error without a ttl
  await t.rejects(plain.set('a', await load(), { tags: ['a'] }), {
    code: 'WEIR_CACHE_INVALID_DURATION'
  })
  // @ts-expect-error without options
  await t.rejects(plain.remember('b', load), { code: 'WEIR_CACHE_INVALID_DURATION' })
  // @ts-expect-error without a ttl
  await t.rejects(plain.remember('b', { tags: ['a'] }, load), {
    code: 'WEIR_CACHE_INVALID_DURATION'
  })
  // @ts-expect-error without options
  t.throws(() => plain.wrap(load), { code: 'WEIR_CACHE_INVALID_DURATION' })
  // @ts-expect-error an option that there is not
  await t.rejects(timed.set('a', await load(), { tll: '1m' }), invalid)
  // @ts-expect-error without a function
  await t.rejects(timed.remember('c', { ttl: '1m' }), invalid)

  const needsLess: Cache<Product> = timed
  t.equal(needsLess, timed)
  // @ts-expect-error a cache without a ttl is none with one
  const needsMore: Cache<Product, 'ttl'> = plain
  t.equal(needsMore, plain)
})

t.test('names, stores and values of named caches', async (t) => {
  const dates: Serializer<Date> = {
    name: 'dates',
    serialize: (date) => ({ meta: '', body: Buffer.from(date.toISOString()) }),
    deserialize: ({ body }) => new Date(body.toString())
  }
  const stores = { one: memoryStore(), two: memoryStore() }
  const caches = createCaches({
    stores,
    caches: {
      products: { store: 'one', ttl: '1m', value: valueType<Product>() },
      flags: { store: 'two', value: valueType<boolean>() },
      dates: { store: 'one', ttl: 1000, serializer: dates },
      others: { store: 'two', ttl: '1m' }
    }
  })
  const product: Product = await caches.products.remember('42', load)
  t.strictSame(await caches.products.get('42'), product)
  const flag: boolean = await caches.flags.remember('beta', { ttl: '1m' }, () => true)
  const date: Date = await caches.dates.remember('now', () => new Date(0))
  const text: string = await caches.others.remember('text', () => 'text')
  t.strictSame([flag, date, text], [true, new Date(0), 'text'])

  // @ts-expect-error the flags have no ttl
  await t.rejects(caches.flags.set('beta', true), { code: 'WEIR_CACHE_INVALID_DURATION' })
  // @ts-expect-error no product
  await caches.products.set('42', 'a text')
  t.throws(
    () => {
      // @ts-expect-error a cache that there is not
      String(caches.prodcuts)
    },
    { ...invalid, message: 'caches.prodcuts does not exist: the caches are products, flags, dates, others' }
  )
  // @ts-expect-error a store that there is not
  t.throws(() => createCaches({ stores, caches: { a: { store: 'three' } } }), {
    ...invalid,
    message: "caches.a.store 'three': the stores are one, two"
  })
  // @ts-expect-error no store
  t.throws(() => createCaches({ stores, caches: { a: { ttl: '1m' } } }), {
    ...invalid,
    message: 'caches.a.store undefined: the stores are one, two'
  })
  // @ts-expect-error no duration
  t.throws(() => createCaches({ stores, caches: { a: { store: 'one', ttl: 'soon' } } }), {
    ...invalid,
    message: /^caches\.a: ttl: 'soon' is not a duration/
  })
  // @ts-expect-error an option that there is not
  t.throws(() => createCaches({ stores, caches: { a: { store: 'one', tll: '1m' } } }), {
    ...invalid,
    message: /^caches\.a\.tll is not an option: the options are l1, /
  })
  t.throws(
    // @ts-expect-error an option that there is not
    () => createCaches({ stores, defaults: { store: 'one' }, caches: { a: { store: 'one' } } }),
    { ...invalid, message: /^defaults\.store is not an option/ }
  )
  // @ts-expect-error the name of the method
  t.throws(() => createCaches({ stores, caches: { close: { store: 'one' } } }), {
    ...invalid,
    message: /^caches\.close: this name is reserved/
  })
  // @ts-expect-error an option that there is not
  t.throws(() => createCaches({ stores, default: {}, caches: { a: { store: 'one' } } }), {
    ...invalid,
    message: /^default is not an option: the options are stores, caches, /
  })
})

t.test('a ttl for all caches applies to each', async (t) => {
  const caches = createCaches({
    stores: { memory: memoryStore() },
    defaults: { ttl: '1m' },
    caches: { texts: { store: 'memory', value: valueType<string>() } }
  })
  t.equal(await caches.texts.set('a', 'b'), true)
  const takes = (cache: Cache<string>) => cache.get('a')
  t.equal(await takes(caches.texts), 'b')
})
