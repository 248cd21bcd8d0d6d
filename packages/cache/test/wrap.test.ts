import t from 'tap'
import { cached, createCache } from '../src/index.js'
import { memoryStore } from '../src/stores/memory.js'
import { gatedFn } from './gate.js'

// Options may also come from plain JavaScript.
const untyped = (value: unknown) => value as never

const cacheOf = <T>() => createCache<T>({ store: memoryStore(), namespace: 'n' })

t.test('a function runs once for equal arguments, in all instances', async (t) => {
  const store = memoryStore()
  let runs = 0
  const find = async (query: { text: string; page?: number }) =>
    `${query.text} ${query.page} ${++runs}`
  const [a, b] = [
    createCache<string>({ store, namespace: 'n' }),
    createCache<string>({ store, namespace: 'n' })
  ].map((cache) => cache.wrap(find, { ttl: '1m' }))
  t.equal(await a?.({ text: 'tea', page: 1 }), 'tea 1 1')
  t.equal(await a?.({ page: 1, text: 'tea' }), 'tea 1 1')
  t.equal(await b?.({ page: 1, text: 'tea' }), 'tea 1 1')
  t.equal(await b?.({ text: 'tea' }), 'tea undefined 2')
  t.same(await Promise.all([a?.({ text: 'x' }), a?.({ text: 'x' })]), [
    'x undefined 3',
    'x undefined 3'
  ])
})

t.test(
  'invalidate ends one value, clear those of one function, tags all that carry them',
  async (t) => {
    const cache = cacheOf<string>()
    let runs = 0
    const one = cache.wrap(
      function one (id: string) {
        return `${id} ${++runs}`
      },
      { ttl: '1m', tags: ['all'] }
    )
    const two = cache.wrap(
      function two (id: string) {
        return `${id} ${++runs}`
      },
      { ttl: '1m', tags: (value, id) => [`id:${id}`, value] }
    )
    const read = () => Promise.all([one('a'), one('b'), two('a'), two('b')])
    const before = await read()
    t.strictSame(await read(), before)
    await one.invalidate('a')
    t.strictSame(await read(), ['a 5', ...before.slice(1)])
    await one.clear()
    t.strictSame((await read()).slice(2), before.slice(2))
    t.strictSame(await read(), ['a 6', 'b 7', 'a 3', 'b 4'])
    await cache.invalidate(['id:a', 'b 7'])
    t.strictSame(await read(), ['a 6', 'b 7', 'a 8', 'b 4'])
    await cache.invalidate(['all', 'b 4'])
    t.strictSame(await read(), ['a 9', 'b 10', 'a 8', 'b 11'])
  }
)

t.test('an invalidation while it runs ends its result', async (t) => {
  const cache = cacheOf<string>()
  const { fn, started, end } = gatedFn<string>()
  let runs = 0
  const slow = cache.wrap(async (id: string) => (++runs === 1 ? fn() : `new ${id}`), {
    ttl: '1m',
    name: 'slow'
  })
  const old = slow('a')
  await started
  await slow.invalidate('a')
  end('old a')
  t.equal(await old, 'old a')
  t.equal(await slow('a'), 'new a')
})

t.test('keys can be used with the other methods of the cache', async (t) => {
  const cache = cacheOf<string>()
  const name = cache.wrap(
    async function name (id: number, upper: boolean) {
      return upper ? `NAME ${id}` : `name ${id}`
    },
    { ttl: '1m' }
  )
  t.equal(name.key(1, true), 'wrap:name(1,true)')
  await name(1, true)
  t.equal(await cache.get(name.key(1, true)), 'NAME 1')
  await cache.set(name.key(1, false), 'put', { ttl: '1m' })
  t.equal(await name(1, false), 'put')
})

t.test('names and texts that look alike do not collide', async (t) => {
  const cache = cacheOf<string>()
  const wrapped = ['a', 'a ', 'a"', 'wrap', '$a', 'ä'].map((name) =>
    cache.wrap((text: string) => `${name} ${text}`, { name, ttl: '1m' })
  )
  const keys = wrapped.flatMap((fn) =>
    ['', ':', ' :', '":', '("a")', 'a:'].map((text) => fn.key(text))
  )
  t.equal(new Set(keys).size, keys.length)
})

t.test('this is passed on, and key leaves out arguments that are not data', async (t) => {
  const cache = cacheOf<string>()
  const shop = {
    prefix: 'p',
    product: cache.wrap(
      async function (this: { prefix: string }, id: string, { signal }: { signal: AbortSignal }) {
        return `${this.prefix} ${id} ${signal.aborted}`
      },
      { name: 'product', key: (id) => [id], ttl: '1m' }
    )
  }
  t.equal(await shop.product('1', { signal: AbortSignal.abort() }), 'p 1 true')
  t.equal(await shop.product('1', { signal: new AbortController().signal }), 'p 1 true')
})

t.test('generics stay', async (t) => {
  const cache = cacheOf<unknown>()
  const same = cache.wrap(
    async function same<V> (value: V): Promise<V> {
      return value
    },
    { ttl: '1m' }
  )
  const [text, count]: [string, number] = [await same('a'), await same(1)]
  t.strictSame([text, count], ['a', 1])
})

t.test('options of remember apply', async (t) => {
  const cache = cacheOf<string | null>()
  let runs = 0
  const found = cache.wrap(
    async (id: string) => {
      runs++
      return id === '' ? null : id
    },
    { name: 'found', ttl: '1m', negativeTtl: 0 }
  )
  await found('')
  await found('')
  await found('a')
  await found('a')
  t.equal(runs, 3)
})

t.test('mistakes are reported by name', async (t) => {
  const cache = cacheOf<unknown>()
  const fn = (value: unknown) => value
  t.throws(() => cache.wrap((value: unknown) => value, { ttl: '1m' }), {
    code: 'WEIR_CACHE_INVALID_OPTION',
    message: /name ''/
  })
  t.throws(() => cache.wrap(fn, { ttl: '1m', name: 'a:b' }), { code: 'WEIR_CACHE_INVALID_OPTION' })
  t.throws(() => cache.wrap(fn, untyped({ ttl: 'soon' })), { code: 'WEIR_CACHE_INVALID_DURATION' })
  t.throws(() => cache.wrap(fn, { ttl: 1, tags: [''] }), { code: 'WEIR_CACHE_INVALID_TAG' })
  for (const [what, options] of [
    [5, {}],
    [undefined, {}],
    [fn, 5],
    [fn, { tag: ['x'] }],
    [fn, { keys: 1 }],
    [fn, { key: 1 }],
    [fn, { earlyRefresh: 1 }]
  ]) {
    t.throws(
      () =>
        cache.wrap(
          untyped(what),
          untyped(typeof options === 'object' ? { ttl: '1m', name: 'x', ...options } : options)
        ),
      {
        code: 'WEIR_CACHE_INVALID_OPTION'
      }
    )
  }
  const wrapped = cache.wrap(fn, { ttl: '1m' })
  t.equal(wrapped.name, 'fn')
  t.throws(() => cache.wrap((value: unknown) => [value], { ttl: '1m', name: 'fn' }), {
    code: 'WEIR_CACHE_NAME_TAKEN',
    message:
      "This cache already wraps a function named fn: wrap a function once, or set a unique 'name' for each"
  })
  await t.rejects(wrapped(fn), {
    code: 'WEIR_CACHE_INVALID_ARGUMENT',
    message: /^argument 1 is a function, and cannot be part of a key/
  })
  const odd = cache.wrap(fn, { name: 'odd', ttl: '1m', key: () => untyped('text') })
  await t.rejects(odd(1), { code: 'WEIR_CACHE_INVALID_OPTION', message: /return the parts/ })
})

t.test('a decorator caches the values of a method', async (t) => {
  const cache = cacheOf<string>()
  let runs = 0
  class Shop {
    readonly name = 'shop'
    @cached(cache, { ttl: '1m', tags: (value: string, id: string) => [`product:${id}`, value] })
    async product (id: string): Promise<string> { return `${this.name} ${id} ${++runs}` }
  }
  const shop = new Shop()
  t.equal(await shop.product('1'), 'shop 1 1')
  t.equal(await new Shop().product('1'), 'shop 1 1')
  await cache.invalidate(['product:1'])
  t.equal(await shop.product('1'), 'shop 1 2')
})

t.test('the decorator works with experimentalDecorators', async (t) => {
  const cache = createCache<string>({ store: memoryStore(), namespace: 'experimental' })
  let runs = 0
  class Shop {
    readonly name = 'shop'
    async product (id: string): Promise<string> { return `${this.name} ${id} ${++runs}` }
  }
  const descriptor: TypedPropertyDescriptor<(id: string) => Promise<string>> =
    Object.getOwnPropertyDescriptor(Shop.prototype, 'product') ?? {}
  const decorate = cached(cache, {
    ttl: '1m',
    tags: (_value: string, id: string) => [`product:${id}`]
  })
  t.equal(decorate(Shop.prototype, 'product', descriptor), undefined)
  t.throws(
    () => {
      decorate(Shop.prototype, 'getter', { get: () => untyped(1) })
    },
    { code: 'WEIR_CACHE_INVALID_OPTION', message: /'getter'/ }
  )
  Object.defineProperty(Shop.prototype, 'product', descriptor)
  const shop = new Shop()
  t.strictSame([await shop.product('1'), await new Shop().product('1')], ['shop 1 1', 'shop 1 1'])
  await cache.invalidate(['product:1'])
  t.equal(await shop.product('1'), 'shop 1 2')
})

t.test(
  'key and tags receive the instance, in both kinds of decorators and in functions',
  async (t) => {
    const cache = createCache<string>({ store: memoryStore(), namespace: 'tenants' })
    const options = {
      ttl: '1m',
      key (this: Repo, id: string) {
        return [this.tenant, id]
      },
      tags (this: Repo, _value: string, id: string) {
        return [`${this.tenant} ${id}`]
      }
    } as const
    class Repo {
      runs = 0
      constructor (readonly tenant: string) {}
      @cached(cache, options)
      async find (id: string): Promise<string> {
        return `${this.tenant} ${id} ${++this.runs}`
      }

      async old (id: string): Promise<string> {
        return `${this.tenant} ${id} ${++this.runs}`
      }
    }
    const descriptor: TypedPropertyDescriptor<Repo['old']> =
      Object.getOwnPropertyDescriptor(Repo.prototype, 'old') ?? {}
    cached(cache, options)(Repo.prototype, 'old', descriptor)
    Object.defineProperty(Repo.prototype, 'old', descriptor)
    const wrapped = cache.wrap(
      async function (this: Repo, id: string) {
        return `${this.tenant} ${id} ${++this.runs}`
      },
      { name: 'wrapped', ...options }
    )
    for (const call of [
      (repo: Repo) => repo.find('1'),
      (repo: Repo) => repo.old('1'),
      (repo: Repo) => wrapped.call(repo, '1')
    ]) {
      const [a, b] = [new Repo('a'), new Repo('b')]
      for (let i = 0; i < 2; i++) t.strictSame([await call(a), await call(b)], ['a 1 1', 'b 1 1'])
      await cache.invalidate(['a 1'])
      t.strictSame([await call(a), await call(b)], ['a 1 2', 'b 1 1'])
    }
    const [a, b] = [new Repo('a'), new Repo('b')]
    t.equal(wrapped.key.call(a, '1'), 'wrap:wrapped("a","1")')
    const before = [await wrapped.call(a, '1'), await wrapped.call(b, '1')]
    await wrapped.invalidate.call(a, '1')
    t.strictSame([await wrapped.call(a, '1'), await wrapped.call(b, '1')], ['a 1 1', before[1]])
    await t.rejects(wrapped.invalidate('1'), TypeError, 'without an instance it cannot tell')
  }
)

t.test('a decorator uses the default lifetime of the cache', async (t) => {
  const cache = createCache<string>({ store: memoryStore(), namespace: 'timed', ttl: '1m' })
  let runs = 0
  class Shop {
    @cached(cache) async one (id: string): Promise<string> {
      return `${id} ${++runs}`
    }

    @cached(cache, {}) async two (id: string): Promise<string> {
      return `${id} ${++runs}`
    }

    @cached(cache, { tags: ['all'] }) async three (id: string): Promise<string> {
      return `${id} ${++runs}`
    }
  }
  const shop = new Shop()
  for (let i = 0; i < 2; i++) {
    t.strictSame(
      [await shop.one('a'), await shop.two('a'), await shop.three('a')],
      ['a 1', 'a 2', 'a 3']
    )
  }
  t.ok((await cache.ttl('wrap:one:a') ?? 0) > 50_000)
  const plain = createCache<string>({ store: memoryStore(), namespace: 'plain' })
  // @ts-expect-error neither has one
  t.throws(() => cached(plain)(async () => '', untyped({ kind: 'method', name: 'method' })), {
    code: 'WEIR_CACHE_INVALID_DURATION'
  })
})

t.test('methods of a function reject', async (t) => {
  const wrapped = cacheOf<unknown>().wrap((value: unknown) => value, { name: 'fn', ttl: '1m' })
  const invalidated = wrapped.invalidate(() => 1)
  await t.rejects(invalidated, { code: 'WEIR_CACHE_INVALID_ARGUMENT' })
  const cleared = wrapped.clear(untyped(null))
  await t.rejects(cleared, { code: 'WEIR_CACHE_INVALID_OPTION' })
})
