import t from 'tap'
import { CacheError, createCache, type SerializerName, type Store } from '../src/index.js'
import { memoryStore } from '../src/stores/memory.js'
import { eachStore } from './each-store.js'

const OPTIONS = { ttl: '1m' } as const
const untyped = (value: unknown) => value as never

class User {}

/** Returns a value from the store, or the part of the message about it. */
async function through (
  store: Store,
  serializer: SerializerName,
  value: unknown
): Promise<unknown> {
  const options = { store, namespace: serializer, serializer }
  try {
    await createCache<unknown>(options).set('the key', value, OPTIONS)
  } catch (error) {
    if (!(error instanceof CacheError) || error.code !== 'WEIR_CACHE_UNSERIALIZABLE') throw error
    return (
      /^The value for 'the key' cannot be stored: (.*?)\. Store only data /.exec(error.message)?.[1] ??
      error.message
    )
  }
  const reader = createCache<unknown>({ ...options, l1: false })
  if (!(await reader.has('the key'))) throw new Error('the store has none')
  return reader.get('the key')
}

const author = { name: 'a' }
const self: { me?: unknown } = {}
self.me = { self }

eachStore(
  t,
  'json accepts values that JSON preserves, and rejects the rest',
  async (t, store) => {
    const kept = [
      null,
      true,
      0,
      -1.5,
      1e300,
      '',
      'text ü 🔑',
      'lone \ud800',
      [],
      {},
      { a: [1, { b: null }] },
      [author, author],
      JSON.parse('{"__proto__":1}') as unknown
    ]
    for (const value of kept) t.strictSame(await through(store, 'json', value), value)
    const refused: [unknown, string][] = [
      [undefined, 'it is undefined'],
      [NaN, 'it is NaN'],
      [{ a: Infinity }, '.a is Infinity'],
      [[-0], '[0] is -0'],
      [{ user: { name: undefined } }, '.user.name is undefined'],
      [[undefined], '[0] is undefined'],
      [{ n: 1n }, '.n is a bigint'],
      [{ at: [new Date(0)] }, '.at[0] is an instance of Date'],
      [Buffer.from('a'), 'it is an instance of Buffer'],
      [new Map([[1, 2]]), 'it is an instance of Map'],
      [{ s: new Set() }, '.s is an instance of Set'],
      [/a/, 'it is an instance of RegExp'],
      // eslint-disable-next-line no-sparse-arrays -- refused by the serializer
      [[1, , 2], 'it has holes'],
      [self, '.me.self is within itself'],
      [Object.create(null), 'it has no prototype'],
      [{ f () {} }, '.f is a function'],
      [new User(), 'it is an instance of User'],
      [{ toJSON: () => 1 }, '.toJSON is a function'],
      [{ url: new URL('a:b') }, '.url is an instance of URL'],
      [new Float32Array(2), 'it is an instance of Float32Array']
    ]
    for (const [value, message] of refused) t.equal(await through(store, 'json', value), message)
  }
)

eachStore(
  t,
  'structured accepts values that the structured clone algorithm preserves, and rejects the rest',
  async (t, store) => {
    const kept = [
      undefined,
      null,
      true,
      0,
      -0,
      NaN,
      -Infinity,
      2 ** 53,
      '',
      'text ü 🔑',
      'lone \ud800',
      [],
      { a: [1, { b: undefined }] },
      1n,
      -(2n ** 200n),
      new Date(0),
      new Map([[{ a: 1 }, new Set([1, new Date(5)])]]),
      /a"\/b/giu,
      [, 1, , 2, ,], // eslint-disable-line no-sparse-arrays -- it is what is tried
      new Float64Array([1.5, NaN]),
      new BigInt64Array([-1n]),
      new Uint8Array([1, 2]),
      new ArrayBuffer(8),
      new DataView(new ArrayBuffer(4), 1, 2),
      Buffer.from([0, 255]),
      { body: Buffer.from('bytes') },
      JSON.parse('{"__proto__":{"polluted":true},"constructor":1}') as unknown
    ]
    for (const value of kept) {
      const back = await through(store, 'structured', value)
      t.strictSame(back, value)
      t.ok(
        Object.is(back, value) ||
          typeof value === 'object' ||
          typeof value === 'string' ||
          typeof value === 'bigint'
      )
      t.equal(Object.getPrototypeOf(Object(back)), Object.getPrototypeOf(Object(value)))
    }
    const [one, two] = (await through(store, 'structured', [author, author])) as [unknown, unknown]
    t.equal(one, two, 'one object stays one')
    const back = (await through(store, 'structured', self)) as typeof self
    t.equal((back.me as typeof self & { self: unknown }).self, back, 'a cycle')
    const refused: [unknown, string][] = [
      [() => 1, 'it is a function'],
      [{ s: Symbol('s') }, '.s is a symbol'],
      [[new User()], '[0] is an instance of User'],
      [{ url: new URL('a:b') }, '.url is an instance of URL'],
      [new URLSearchParams('a=b'), 'it is an instance of URLSearchParams'],
      [{ o: Object.create(null) as unknown }, '.o has no prototype'],
      [new Error('x'), 'it is an instance of Error']
    ]
    for (const [value, message] of refused) {
      t.equal(await through(store, 'structured', value), message)
    }
  }
)

t.test('an invalid serializer', async (t) => {
  const parts = { serialize: () => ({ meta: '', body: Buffer.alloc(0) }), deserialize: () => 1 }
  for (const serializer of ['yaml', 'constructor', 5, null, {}, { ...parts, deserialize: 1 }]) {
    const make = () =>
      createCache({ store: memoryStore(), namespace: 'n', serializer: untyped(serializer) })
    t.throws(make, {
      code: 'WEIR_CACHE_INVALID_OPTION',
      message: /^serializer .*: use 'json', 'structured', or an object/
    })
  }
  for (const name of [undefined, '', 'a b', 'a\0', 5]) {
    const make = () =>
      createCache({
        store: memoryStore(),
        namespace: 'n',
        serializer: { ...parts, name: untyped(name) }
      })
    t.throws(make, {
      code: 'WEIR_CACHE_INVALID_OPTION',
      message: /^serializer\.name .*: name its format/
    })
  }
})
