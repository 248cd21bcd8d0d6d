import t from 'tap'
import { createCaches, type Store } from '../src/index.js'
import { memoryStore } from '../src/stores/memory.js'
import { eachStore } from './each-store.js'

const invalid = (message: RegExp | string) => ({ code: 'WEIR_CACHE_INVALID_OPTION', message })
const untyped = (value: unknown) => value as never

/** A store that reports when it is closed and how that ends. */
function closing (close: () => Promise<void> | never): { store: Store, closed: number } {
  const counted = {
    closed: 0,
    store: {
      ...memoryStore(),
      close () {
        counted.closed++
        return close()
      }
    }
  }
  return counted
}

eachStore(t, 'caches of one store are separate, and so are stores', async (t, store) => {
  const caches = createCaches({
    stores: { shared: store, memory: memoryStore() },
    defaults: { ttl: '1m' },
    caches: {
      products: { store: 'shared' },
      prices: { store: 'shared' },
      flags: { store: 'memory', namespace: 'products' }
    }
  })
  const all = [caches.products, caches.prices, caches.flags]
  t.strictSame(all.map(({ namespace }) => namespace), ['products', 'prices', 'products'])
  for (const [i, cache] of all.entries()) await cache.set('key', i, { tags: ['tag'] })
  t.strictSame(await Promise.all(all.map((cache) => cache.get('key'))), [0, 1, 2])
  await caches.products.invalidate(['tag'])
  t.strictSame(await Promise.all(all.map((cache) => cache.get('key'))), [undefined, 1, 2])
  await caches.prices.clear()
  t.strictSame(await Promise.all(all.map((cache) => cache.get('key'))), [undefined, undefined, 2])
})

t.test('options for all caches, for one, and for a call', async (t) => {
  const caches = createCaches({
    stores: { memory: memoryStore() },
    name: 'instance-1',
    defaults: { ttl: '1m', staleIfError: '1h', l1: false },
    caches: { a: { store: 'memory' }, b: { store: 'memory', ttl: '2m', l1: {} } }
  })
  const lifetime = async (cache: typeof caches.a) => {
    const { entry } = await cache.find('key') ?? {}
    return (
      entry && [
        Math.round((entry.freshUntil - entry.storedAt) / 1000),
        (entry.errorUntil - entry.freshUntil) / 1000,
        entry.filledBy
      ]
    )
  }
  for (const cache of [caches.a, caches.b]) await cache.set('key', 1)
  t.strictSame(
    [await lifetime(caches.a), await lifetime(caches.b)],
    [
      [60, 3600, 'instance-1'],
      [120, 3600, 'instance-1']
    ]
  )
  await caches.b.set('key', 1, { ttl: 5000, staleIfError: 0 })
  t.strictSame(await lifetime(caches.b), [5, 0, 'instance-1'])
  t.strictSame([caches.a.stats().l1.entries, caches.b.stats().l1.entries], [0, 1])
})

t.test('close closes each store once, even if others fail', async (t) => {
  const fails = closing(async () => { throw new Error('gone') })
  const throws = closing(() => { throw new Error('at once') })
  const fine = closing(async () => {})
  const idle = closing(async () => {})
  const caches = createCaches({
    stores: {
      fails: fails.store,
      throws: throws.store,
      fine: fine.store,
      again: fine.store,
      idle: idle.store
    },
    caches: { a: { store: 'fine' }, b: { store: 'again', ttl: 1 }, c: { store: 'fails' } }
  })
  const failure = {
    code: 'WEIR_CACHE_STORE_FAILED',
    message: /^The store did not close: /,
    cause: { errors: [{ message: 'gone' }, { message: 'at once' }] }
  }
  await t.rejects(caches.close(), failure)
  await t.rejects(caches.close(), failure, 'a second call gives the same result')
  t.strictSame([fails, throws, fine, idle].map(({ closed }) => closed), [1, 1, 1, 1])
})

t.test(
  'an unknown cache name is an error, but not a name that is looked up on any object',
  async (t) => {
    const caches = createCaches({
      stores: { memory: memoryStore() },
      caches: { products: { store: 'memory' }, flags: { store: 'memory' } }
    })
    for (const name of ['prodcuts', '', 'Flags', '0']) {
      t.throws(
        () => Reflect.get(caches, name) as unknown,
        invalid(`caches.${name} does not exist: the caches are products, flags`)
      )
    }
    t.equal(await Promise.resolve(caches), caches, 'it is no promise')
    for (const name of [
      'then',
      'toJSON',
      'constructor',
      'toString',
      '__proto__',
      'hasOwnProperty',
      Symbol.iterator,
      Symbol.toPrimitive
    ]) {
      t.doesNotThrow(() => Reflect.get(caches, name) as unknown, String(name))
    }
    t.strictSame(Object.keys(caches), ['products', 'flags'])
    t.notOk('prodcuts' in caches)
    t.throws(() => {
      Object.assign(caches, { products: 1 })
    }, TypeError)
  }
)

t.test('a cache may have the name of an inherited member', async (t) => {
  const names = ['constructor', 'toString', 'then', 'hasOwnProperty', '__proto__']
  const options = Object.fromEntries(
    names.map((name) => [name, { store: 'memory', ttl: '1m' }] as const)
  )
  const caches = createCaches({ stores: { memory: memoryStore() }, caches: options })
  for (const name of names) {
    const cache = caches[name]
    t.equal(cache?.namespace, name)
    t.equal(await cache?.set('key', name, { ttl: '1m' }), true)
    t.equal(await cache?.get('key'), name)
  }
})

t.test('invalid options', async (t) => {
  const stores = { memory: memoryStore() }
  const cache = { store: 'memory' }
  const table: [options: unknown, message: RegExp | string][] = [
    [{ caches: { cache } }, /^stores undefined: use an object of stores by name/],
    [{ stores: {}, caches: { cache } }, /^stores \{\}/],
    [{ stores, caches: {} }, /^caches \{\}: use an object of caches by name/],
    [{ stores, caches: [cache] }, /^caches \[/],
    [{ stores, caches: { cache: 'memory' } }, /^caches /],
    [{ stores: { memory: 'redis' }, caches: { cache } }, /^stores /],
    [{ stores: { memory: {} }, caches: { cache } }, /^stores\.memory \{\}: use a store/],
    [
      { stores, caches: { cache: { store: 'constructor' } } },
      "caches.cache.store 'constructor': the stores are memory"
    ],
    [{ stores, caches: { 'a b': cache } }, /^caches\.a b: namespace 'a b': use letters/],
    [
      { stores, caches: { a: cache, b: { ...cache, namespace: 'a' } } },
      /^caches\.b: caches\.a has the namespace 'a' in the same store/
    ],
    [
      {
        stores: { ...stores, same: stores.memory },
        caches: { a: cache, b: { store: 'same', namespace: 'a' } }
      },
      /^caches\.b: caches\.a has the namespace/
    ],
    [{ stores, caches: { a: { ...cache, jitter: 5 } } }, /^caches\.a: jitter 5: /],
    [{ stores, caches: { a: { ...cache, compression: 'lz4' } } }, /^caches\.a: compression 'lz4'/],
    [{ stores, caches: { a: { ...cache, name: 'x' } } }, /^caches\.a\.name is not an option/],
    [{ stores, defaults: 5, caches: { a: cache } }, /^defaults 5: use an object/],
    [
      { stores, defaults: { ttl: 'soon' }, caches: { a: cache } },
      /^caches\.a: ttl: 'soon' is not a duration/
    ]
  ]
  for (const [options, message] of table) {
    t.throws(() => createCaches(untyped(options)), invalid(message))
  }
})

t.test('undefined counts as omitted, for each option', async (t) => {
  const defaults = {
    ttl: '1h',
    staleWhileRevalidate: '1h',
    staleIfError: '2h',
    retain: '3h',
    negativeTtl: '5m',
    tagPrefix: 'p:',
    fillTimeout: '3s',
    maxValueBytes: 10,
    serializer: 'json',
    l1: false
  } as const
  const none: object = Object.fromEntries(Object.keys(defaults).map((name) => [name, undefined]))
  const caches = createCaches({
    stores: { memory: memoryStore() },
    defaults,
    caches: { a: { store: 'memory', ...none } }
  })
  await caches.a.set('key', 1, { tags: ['tag'] })
  const { entry } = (await caches.a.inspect('key')).store ?? {}
  t.match(entry, { keptFor: 3 * 3_600_000, tags: ['p:tag', /key/] })
  t.ok((await caches.a.ttl('key') ?? 0) > 3_500_000)
  await t.rejects(caches.a.set('key', 'more than ten bytes'), {
    code: 'WEIR_CACHE_VALUE_TOO_LARGE'
  })
  await t.rejects(caches.a.set('key', new Date(0)), { code: 'WEIR_CACHE_UNSERIALIZABLE' })
  t.equal(caches.a.stats().l1.entries, 0)
})
