import t from 'tap'
import { type Cache, createCache, createCaches } from '../src/index.js'
import { memcachedStore } from '../src/stores/memcached/index.js'
import { memoryStore } from '../src/stores/memory.js'
import { postgresStore } from '../src/stores/postgres/index.js'
import { redisStore } from '../src/stores/redis/index.js'
import { sqliteStore } from '../src/stores/sqlite/index.js'

const newCache = () => createCache<unknown>({ store: memoryStore(), namespace: 'n' })
const OPTIONS = { ttl: '1m' } as const
/** Values that plain JavaScript may pass. */
const untyped = (value: unknown) => value as never

t.test('a namespace', async (t) => {
  for (const namespace of ['', ' ', 'a b', 'a:b', '{a}', 'ключ', 'a\n', undefined, null, 5]) {
    t.throws(() => createCache({ store: memoryStore(), namespace: untyped(namespace) }), {
      code: 'WEIR_CACHE_INVALID_OPTION',
      message: /namespace/
    })
    if (namespace !== undefined) {
      await t.rejects(newCache().clear(untyped(namespace)), { code: 'WEIR_CACHE_INVALID_OPTION' })
    }
  }
  t.equal(
    createCache({ store: memoryStore(), namespace: 'Products_v1.2-a' }).namespace,
    'Products_v1.2-a'
  )
})

t.test('memory limits and the fill timeout', async (t) => {
  for (const limit of [0, -1, 1.5, NaN, Infinity, '5']) {
    t.throws(
      () =>
        createCache({ store: memoryStore(), namespace: 'n', l1: { maxBytes: untyped(limit) } }),
      { code: 'WEIR_CACHE_INVALID_OPTION', message: /maxBytes/ }
    )
    t.throws(
      () =>
        createCache({ store: memoryStore(), namespace: 'n', l1: { maxEntries: untyped(limit) } }),
      { code: 'WEIR_CACHE_INVALID_OPTION', message: /maxEntries/ }
    )
  }
  t.throws(
    () => createCache({ store: memoryStore(), namespace: 'n', fillTimeout: untyped('soon') }),
    { code: 'WEIR_CACHE_INVALID_DURATION', message: /fillTimeout/ }
  )
})

t.test('options of stores', async (t) => {
  const stores: Record<string, [open: (options: never) => unknown, options: object]> = {
    memoryStore: [memoryStore, {}],
    sqliteStore: [sqliteStore, { file: '' }],
    redisStore: [redisStore, { url: 'redis://127.0.0.1:1' }],
    postgresStore: [postgresStore, { url: 'postgres://127.0.0.1:1' }],
    memcachedStore: [memcachedStore, { servers: ['127.0.0.1:1'] }]
  }
  for (const [name, [open, options]] of Object.entries(stores)) {
    const refused = (given: unknown, message: string) => {
      t.throws(() => open(untyped(given)), {
        code: 'WEIR_CACHE_INVALID_OPTION',
        message: new RegExp(`^${name}${message}`)
      })
    }
    for (const given of [null, 'redis', 5, []]) refused(given, ' .*: use an object of options$')
    if (name !== 'memoryStore') refused(undefined, ' undefined: use an object of options$')
    refused({ ...options, leese: 1 }, '.leese is not an option: the options are .*maxTags')
    for (const maxTags of [-5, 0, 0.5, NaN, Infinity, 'x', '5', null]) {
      refused({ ...options, maxTags }, '.maxTags .*: use a whole number from 1$')
    }
  }
})

t.test('an invalid key: every method rejects with the error', async (t) => {
  const invalid = { code: 'WEIR_CACHE_INVALID_KEY', message: /is not a key: use/ }
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
  const invalid = { code: 'WEIR_CACHE_INVALID_TAG', message: /is not a tag: use/ }
  for (const tags of [
    [''],
    ['a', ''],
    ['a\ud800'],
    [5],
    [5n],
    [null],
    [undefined],
    'product:1',
    5,
    null,
    { length: 1 }
  ]) {
    const cache = newCache()
    await t.rejects(cache.invalidate(untyped(tags)), invalid)
    await t.rejects(cache.set('key', 1, { ...OPTIONS, tags: untyped(tags) }), invalid)
    await t.rejects(
      cache.remember('key', { ...OPTIONS, tags: untyped(tags) }, () => 1),
      invalid
    )
    await t.rejects(
      cache.remember('key', { ...OPTIONS, tags: () => untyped(tags) }, () => 1),
      invalid
    )
    t.equal(cache.stats().invalidations, 0)
    t.notOk(await cache.has('key'))
  }
})

t.test('durations and jitter of an entry', async (t) => {
  for (const option of ['ttl', 'staleWhileRevalidate', 'staleIfError']) {
    await t.rejects(newCache().set('key', 1, untyped({ ...OPTIONS, [option]: '5 minutes' })), {
      code: 'WEIR_CACHE_INVALID_DURATION',
      message: new RegExp(option)
    })
    await t.rejects(
      newCache().remember('key', untyped({ ...OPTIONS, [option]: -1 }), () => 1),
      { code: 'WEIR_CACHE_INVALID_DURATION' }
    )
  }
  await t.rejects(newCache().set('key', 1, untyped({})), {
    code: 'WEIR_CACHE_INVALID_DURATION',
    message: /ttl: undefined/
  })
  await t.rejects(
    newCache().remember('key', untyped({ ...OPTIONS, negativeTtl: 'never' }), () => null),
    { code: 'WEIR_CACHE_INVALID_DURATION' }
  )
  for (const jitter of [-0.1, 1.1, NaN, 'much', null]) {
    await t.rejects(newCache().set('key', 1, { ...OPTIONS, jitter: untyped(jitter) }), {
      code: 'WEIR_CACHE_INVALID_OPTION',
      message: /jitter/
    })
  }
})

t.test('invalid options are rejected wherever they are accepted', async (t) => {
  const invalid = { code: 'WEIR_CACHE_INVALID_OPTION' }
  const store = memoryStore()
  for (const options of [
    { tll: '1m' },
    { ttls: 1 },
    { l1: 5 },
    { l1: true },
    { l1: { maxByte: 5 } },
    { stores: {} }
  ]) {
    t.throws(
      () => createCache(untyped({ store, namespace: 'n', ...options })),
      invalid,
      JSON.stringify(options)
    )
  }
  for (const options of [undefined, null, 5, []]) {
    t.throws(() => createCache(untyped(options)), invalid)
  }
  t.throws(() => createCache(untyped({ store, namespace: 'n', tll: 1 })), {
    message: /^tll is not an option: the options are .*ttl/
  })

  const version = (await newCache().getWithVersion('key')).version
  const entry = [
    { swr: '1m' },
    { consistency: 'eventual' },
    { ttl: '1m', nx: true },
    60,
    '1m',
    null,
    ['1m']
  ]
  const write = [{ consistency: 'weak' }, { consistencies: 'strict' }, 5, null, 'strict']
  const calls: Readonly<
    Record<
      string,
      [
        call: (cache: Cache<unknown>, options: never) => Promise<unknown>,
        wrong: readonly unknown[]
      ]
    >
  > = {
    set: [(cache, options) => cache.set('key', 1, options), entry],
    setMany: [(cache, options) => cache.setMany([['key', 1]], options), entry],
    add: [(cache, options) => cache.add('key', 1, options), entry],
    compareAndSet: [(cache, options) => cache.compareAndSet('key', version, 1, options), entry],
    remember: [
      (cache, options) => cache.remember('key', options, () => 1),
      [
        { swr: '1m' },
        { onOutage: 'throw' },
        { earlyRefresh: 'yes' },
        { tgs: ['a'] },
        60,
        '1m',
        null,
        ['1m']
      ]
    ],
    forever: [
      (cache, options) => cache.forever('key', 1, options),
      [{ ttl: '1m' }, { jitter: 1 }, ...write]
    ],
    increment: [(cache, options) => cache.increment('key', 1, options), [{ jitter: 1 }, ...write]],
    decrement: [(cache, options) => cache.decrement('key', 1, options), [{ jitter: 1 }, ...write]],
    pull: [(cache, options) => cache.pull('key', options), write],
    touch: [(cache, options) => cache.touch('key', '1m', options), write],
    delete: [(cache, options) => cache.delete('key', options), write],
    deleteMany: [(cache, options) => cache.deleteMany(['key'], options), write],
    invalidate: [(cache, options) => cache.invalidate(['key'], options), write],
    clear: [(cache, options) => cache.clear(undefined, options), write],
    find: [
      (cache, options) => cache.find('key', options),
      [{ accept: 'any' }, { onOutage: 'throw' }, { accept: 5 }]
    ],
    acquire: [(cache, options) => cache.acquire('key', options), [{ onOutage: 'throw' }]]
  }
  for (const [name, [call, wrong]] of Object.entries(calls)) {
    for (const options of wrong) {
      const cache = createCache<unknown>({ store: memoryStore(), namespace: 'n', ttl: '1m' })
      // A promise, whatever is wrong.
      const called = call(cache, untyped(options))
      await t.rejects(called, invalid, `${name} ${JSON.stringify(options)}`)
      t.equal(await cache.get('key'), undefined)
    }
  }
})

t.test('remember and set accept one shared object of options', async (t) => {
  const options = {
    ttl: '1m',
    negativeTtl: '1s',
    softTimeout: 5,
    hardTimeout: '1s',
    earlyRefresh: false,
    onOutage: 'stale',
    consistency: 'bounded'
  } as const
  const cache = newCache()
  t.ok(await cache.set('a', 1, options))
  t.equal(await cache.remember('b', options, () => 2), 2)
  t.equal(
    await cache
      .remember('c', untyped(undefined), () => 3)
      .catch((error: { code: string }) => error.code),
    'WEIR_CACHE_INVALID_DURATION'
  )
  t.equal(await cache.remember('a', untyped(undefined), () => 3), 1)
})

t.test('a store that is none', (t) => {
  for (const store of [undefined, null, {}, [], 'redis', { namespace: () => ({}) }, { close () {} }]) {
    const invalid = { code: 'WEIR_CACHE_INVALID_OPTION', message: /: use (?:a store such as memory|an object of )[sS]tore/ }
    t.throws(() => createCache({ store: untyped(store), namespace: 'x' }), invalid)
    t.throws(
      () => createCaches({ stores: { s: untyped(store) }, caches: { c: { store: 's' } } }),
      invalid
    )
  }
  t.end()
})
