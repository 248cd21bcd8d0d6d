import t from 'tap'
import {
  CacheError,
  createCache,
  defaultSerializer,
  type Serializer,
  type Store
} from '../src/index.js'
import { memoryStore } from '../src/stores/memory.js'
import { sqliteStore } from '../src/stores/sqlite/index.js'

const OPTIONS = { ttl: '1m' } as const

/** Returns the part of the message about the value. */
async function refusal (store: Store, value: unknown, l1?: false): Promise<string> {
  const cache = createCache({ store, namespace: 'n', ...l1 === false && { l1 } })
  let message = ''
  for (const attempt of [
    () => cache.set('the key', value, OPTIONS),
    () => cache.remember('the key', OPTIONS, () => value)
  ]) {
    try {
      await attempt()
      return 'kept'
    } catch (error) {
      if (!(error instanceof CacheError) || error.code !== 'WEIR_CACHE_UNSERIALIZABLE') throw error
      message = error.message
    }
  }
  if (cache.stats().l1.entries !== 0) throw new Error('memory has it')
  return (
    /^The value for 'the key' cannot be stored: (.*)\. Store data only /.exec(message)?.[1] ??
    message
  )
}

t.test('values that cannot be stored are rejected, and the member is named', async (t) => {
  class User {}
  class Bag extends Map<string, string> {}
  const thrower = { get broken () { throw new Error('no') } }
  const extended = Object.assign([1, 2], { total: 3 })
  const levels = (count: number) =>
    Array.from({ length: count }).reduce<unknown>((inner) => [inner], 1)
  const table: [unknown, string][] = [
    [() => 1, 'it is a function'],
    [Symbol('s'), 'it is a symbol'],
    [new User(), 'it is an instance of User'],
    [{ user: { callback () {} } }, '.user.callback is a function'],
    [{ list: [1, { 'a b': Symbol('s') }] }, '.list[1]["a b"] is a symbol'],
    [
      [new Map([['one', new Set([1, new User()])]])],
      '[0].get("one").values()[1] is an instance of User'
    ],
    [new Map([[new User(), 1]]), '.keys()[0] is an instance of User'],
    [new Map([[{}, [new Error('x')]]]), '.values()[0][0] is an instance of Error'],
    [{ bag: new Bag() }, '.bag is an instance of Bag'],
    [{ later: Promise.resolve() }, '.later is an instance of Promise'],
    [{ weak: new WeakMap() }, '.weak is an instance of WeakMap'],
    [{ shared: new Uint8Array(new SharedArrayBuffer(4)) }, '.shared is an instance of Uint8Array'],
    [{ a: { [Symbol('s')]: 1 } }, '.a has a symbol for a name'],
    [{ a: extended }, ".a has a member 'total' besides its elements"],
    [{ a: Object.create({ inherited: 1 }) as unknown }, '.a is an instance of Object'],
    [{ a: { toJSON: () => 1 } }, '.a.toJSON is a function'],
    [{ a: thrower }, '.a.broken cannot be read'],
    [[new Date(), JSON.parse('{"__proto__":1}')], '[1] cannot be written'],
    [levels(1100), `${'[0]'.repeat(20)}… lies deeper than 1000 levels`]
  ]
  for (const [value, expected] of table) {
    t.equal(await refusal(memoryStore(), value), expected)
    t.equal(await refusal(memoryStore(), value, false), expected, 'without memory')
  }
  const store = sqliteStore({ file: `${t.testdir()}/cache.db` })
  for (const [value, expected] of table) {
    t.equal(await refusal(store, value), expected, 'another store')
  }
  await store.close()
  t.equal(await refusal(memoryStore(), levels(900)), 'kept')
  t.equal(await refusal(memoryStore(), [levels(900), 1n]), 'kept')
})

t.test('a body that is not a value is a miss', async (t) => {
  const table: [meta: string, body: string][] = [
    ['data 1', '[["Map"'],
    ['data 1', '[{"__proto__":0}]'],
    ['data 1', '[["Buffer",1],[2],5]'],
    ['json 1', '{'],
    ['other', '']
  ]
  for (const [meta, body] of table) {
    t.throws(() => defaultSerializer.deserialize({ meta, body: Buffer.from(body) }), body)
  }
})

t.test('a custom serializer', async (t) => {
  const dates: Serializer<Date> = {
    name: 'dates',
    serialize: (value, key) => ({ meta: key, body: Buffer.from(String(value.getTime())) }),
    deserialize: ({ meta, body }) => {
      if (meta !== 'key') throw new Error('the meta was expected')
      return new Date(Number(body.toString()))
    }
  }
  const cache = createCache<Date>({
    store: memoryStore(),
    namespace: 'n',
    serializer: dates,
    l1: false
  })
  await cache.set('key', new Date(5), OPTIONS)
  t.strictSame(await cache.get('key'), new Date(5))
})

t.test('a serializer that throws: the value is returned, not stored, and an event reports it', async (t) => {
  const broken: Serializer<string> = {
    name: 'broken',
    serialize () {
      throw new Error('no')
    },
    deserialize: () => ''
  }
  const cache = createCache<string>({ store: memoryStore(), namespace: 'n', serializer: broken })
  t.equal(await cache.remember('key', OPTIONS, () => 'value'), 'value')
  t.equal(cache.stats().errors, 1)
  t.notOk(await cache.has('key'))
  await t.rejects(cache.set('key', 'value', OPTIONS), {
    code: 'WEIR_CACHE_UNSERIALIZABLE',
    cause: { message: 'no' }
  })
})

t.test('a serializer that returns something other than bytes: every write reports it by name', async (t) => {
  const bytes = new Uint8Array(1)
  const given: Readonly<Record<string, unknown>> = {
    undefined,
    null: null,
    text: 'text',
    'no body': { meta: '' },
    'no meta': { body: bytes },
    'a text for a body': { meta: '', body: 'text' },
    'an ArrayBuffer': { meta: '', body: bytes.buffer },
    'other elements': { meta: '', body: new Uint16Array(1) },
    'a promise': Promise.resolve({ meta: '', body: bytes })
  }
  const broken: Readonly<Record<string, Partial<Serializer<unknown>>>> = {
    ...Object.fromEntries(
      Object.entries(given).map(([what, value]) => [what, { serialize: () => value as never }])
    ),
    throws: {
      serialize () {
        throw new Error('no')
      }
    },
    'sizeOf throws': {
      sizeOf () {
        throw new Error('no')
      }
    }
  }
  for (const [what, methods] of Object.entries(broken)) {
    const serializer: Serializer<unknown> = {
      name: 'own',
      serialize: () => ({ meta: '', body: bytes }),
      deserialize: () => 1,
      ...methods
    }
    const cache = createCache<unknown>({ store: memoryStore(), namespace: 'n', serializer })
    const { version } = await cache.getWithVersion('key')
    const writes: Promise<unknown>[] = [
      cache.set('key', 1, OPTIONS),
      cache.setMany([['key', 1]], OPTIONS),
      cache.add('key', 1, OPTIONS),
      cache.compareAndSet('key', version, 1, OPTIONS)
    ]
    for (const write of writes) {
      await t.rejects(
        async () => {
          await write
        },
        {
          code: 'WEIR_CACHE_UNSERIALIZABLE',
          message: /^The value for 'key' cannot be stored: the serializer 'own' failed: /
        },
        what
      )
    }
    t.equal(await cache.remember('key', OPTIONS, () => 'value'), 'value', 'callers get it')
    t.match(await cache.warm(['key'], OPTIONS, () => 1), {
      failed: 1,
      errors: [{ error: { code: 'WEIR_CACHE_UNSERIALIZABLE' } }]
    })
  }
  t.throws(
    () =>
      createCache({ store: memoryStore(), namespace: 'n', serializer: { ...defaultSerializer } }),
    { code: 'WEIR_CACHE_INVALID_OPTION', message: /'weir'/ }
  )
  t.doesNotThrow(() =>
    createCache({ store: memoryStore(), namespace: 'n', serializer: defaultSerializer })
  )
})

t.test('members besides the data of a built-in object are rejected, wherever it is', async (t) => {
  const kinds: (() => object)[] = [
    () => new Date(1),
    () => new Map([['a', 1]]),
    () => new Set(['a']),
    () => /x/g,
    () => new URL('http://x/'),
    () => new URLSearchParams('a=b'),
    ...[0, 1, 64, 65, 1500].flatMap((length) => [
      () => Buffer.alloc(length),
      () => new Uint8Array(length),
      () => new Float64Array(length),
      () => new Array<number>(length).fill(1)
    ]),
    () => new ArrayBuffer(2),
    () => new DataView(new ArrayBuffer(2)),
    () => Object(1) as object,
    () => Object('ab') as object,
    () => Object(true) as object
  ]
  const places: ((value: object) => unknown)[] = [
    (value) => value,
    (value) => ({ a: [value] }),
    (value) => new Map([[1, value]])
  ]
  const extras: PropertyKey[] = ['foo', '01', Symbol('foo')]
  for (const serializer of [undefined, 'structured'] as const) {
    const cache = createCache<unknown>({
      store: memoryStore(),
      namespace: 'n',
      ...(serializer && { serializer })
    })
    for (const make of kinds) {
      const name = make().constructor.name
      if (serializer !== undefined && name.startsWith('URL')) continue
      for (const place of places) {
        t.ok(await cache.set('key', place(make()), OPTIONS), name)
        for (const extra of extras) {
          const value = place(Object.assign(make(), { [extra]: 1 }))
          const refused = await cache.set('key', value, OPTIONS).then(() => false, (error: unknown) =>
            error instanceof CacheError && error.code === 'WEIR_CACHE_UNSERIALIZABLE')
          if (!refused) t.fail(`${name} with ${String(extra)}`)
        }
      }
    }
  }
})

t.test('a value that cannot be read is rejected by every serializer', async (t) => {
  const revoked = [() => ({}), () => [], () => Buffer.alloc(1), () => new Map()].map((target) => {
    const { proxy, revoke } = Proxy.revocable<object>(target(), {})
    revoke()
    return proxy
  })
  for (const serializer of ['json', 'structured', defaultSerializer] as const) {
    const cache = createCache<unknown>({ store: memoryStore(), namespace: 'n', serializer })
    for (const proxy of revoked) {
      for (const value of [proxy, { a: proxy }]) {
        await t.rejects(cache.set('key', value, OPTIONS), { code: 'WEIR_CACHE_UNSERIALIZABLE' })
      }
    }
  }
})
