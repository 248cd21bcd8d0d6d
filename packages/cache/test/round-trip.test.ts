import { runInNewContext } from 'node:vm'
import t from 'tap'
import { createCache, type Store } from '../src/index.js'
import { memoryStore } from '../src/stores/memory.js'
import { sqliteStore } from '../src/stores/sqlite/index.js'
import { randomFrom } from './random.js'

const OPTIONS = { ttl: '1m' } as const
const VALUES = 300

const stores: Readonly<Record<string, (t: Tap) => Store>> = {
  memory: () => memoryStore(),
  SQLite: (t) => sqliteStore({ file: `${t.testdir()}/cache.db` })
}

type Tap = Pick<typeof t, 'testdir'>

/**
 * Returns a function that stores a value through one instance and reads it through another, from
 * the store.
 */
function throughStore (store: Store): (value: unknown) => Promise<unknown> {
  const [writer, reader] = [
    createCache({ store, namespace: 'n' }),
    createCache({ store, namespace: 'n', l1: false })
  ]
  return async (value) => {
    await writer.set('key', value, OPTIONS)
    if ((await writer.get('key')) !== value && !Number.isNaN(value)) {
      throw new Error('memory has another value')
    }
    if (!await reader.has('key')) throw new Error('the store has none')
    return reader.get('key')
  }
}

for (const [name, open] of Object.entries(stores)) {
  t.test(`generated values are restored: ${name}`, async (t) => {
    const store = open(t)
    t.teardown(() => store.close())
    const through = throughStore(store)
    for (let seed = 1; seed <= VALUES; seed++) {
      const value = generated(randomFrom(seed), 4)
      if (!t.strictSame(await through(value), value, `seed ${seed}`)) return
    }
  })
}

t.test('one of each kind', async (t) => {
  const through = throughStore(memoryStore())
  const values = [
    undefined,
    null,
    true,
    0,
    -0,
    -1.5,
    NaN,
    Infinity,
    -Infinity,
    2 ** 53,
    '',
    'text \u2603 🔑',
    'lone \ud800',
    [],
    {},
    { a: [1, { b: null }] },
    { none: undefined, nan: [NaN, -0, Infinity] },
    new Date(0),
    1n,
    { n: -(2n ** 200n) },
    new Map([[{ a: 1 }, new Set([1])]]),
    new Set(['a', 1n]),
    /a"\/b/giu,
    new URL('https://example.com/?a=b#c'),
    new URLSearchParams('a=1&a=2'),
    [, 1, , 2, ,], // eslint-disable-line no-sparse-arrays -- it is what is tried
    new Float64Array([1.5, NaN]),
    new Uint8ClampedArray([1, 300]),
    new BigInt64Array([-1n]),
    new ArrayBuffer(8),
    new DataView(new ArrayBuffer(4), 1, 2),
    Buffer.alloc(0),
    Buffer.from([0, 255]),
    { body: Buffer.from('bytes') },
    new Uint8Array([1, 2]),
    { bytes: new Uint8Array([3, 4]) },
    [Object(1)],
    { 'a.b': { '"': '\u2028</script>' } },
    Object.assign(Object.create(null), { a: 1, b: [2] })
  ]
  for (const value of values) {
    const back = await through(value)
    t.strictSame(back, value)
    t.ok(Object.is(back, value) || typeof value === 'object', 'NaN and -0 are told apart')
    t.equal(prototypeOf(back), prototypeOf(value))
  }
  t.ok(Number.isNaN((await through(new Date(NaN)) as Date).getTime()), 'a Date of no time')
})

t.test('cycles and repeated references', async (t) => {
  const through = throughStore(memoryStore())
  const author = { name: 'a', books: new Map<string, unknown>() }
  author.books.set('first', { author })
  const [back, other] = await through([author, author]) as (typeof author)[]
  t.equal(back, other)
  t.equal((back?.books.get('first') as { author: unknown }).author, back)
  t.not(back, author)
})

t.test('members named like inherited ones', async (t) => {
  const through = throughStore(memoryStore())
  const value: unknown = JSON.parse(
    '{"__proto__":{"polluted":true},"constructor":{"prototype":1},"toString":"x"}'
  )
  const back = await through(value) as object
  t.strictSame(JSON.stringify(back), JSON.stringify(value))
  t.equal(Object.getPrototypeOf(back), Object.prototype)
  t.notOk('polluted' in {} || 'polluted' in back)
})

t.test('only the shown part of a buffer', async (t) => {
  const through = throughStore(memoryStore())
  const whole = new Uint8Array(1000).fill(7).buffer
  const { part } = await through({ part: new Uint16Array(whole, 2, 3) }) as { part: Uint16Array }
  t.strictSame(part, new Uint16Array([0x0707, 0x0707, 0x0707]))
  t.equal(part.buffer.byteLength, 6)
  const two = new Uint8Array(whole)
  const back = await through([two, new DataView(whole)]) as [Uint8Array, DataView]
  t.equal(back[0].buffer, back[1].buffer, 'what two show whole stays one')
})

t.test('values of another realm are restored', async (t) => {
  const through = throughStore(memoryStore())
  t.strictSame(await through(runInNewContext('({ a: [1, { b: "x" }] })')), { a: [1, { b: 'x' }] })
  t.strictSame(
    await through(runInNewContext('({ m: new Map([[1, new Date(5)]]), s: new Set([1n]) })')),
    { m: new Map([[1, new Date(5)]]), s: new Set([1n]) }
  )
})

t.test('a getter is stored as its value', async (t) => {
  const through = throughStore(memoryStore())
  t.strictSame(await through({ get now () { return 5 } }), { now: 5 })
})

const prototypeOf = (value: unknown): unknown => Object.getPrototypeOf(Object(value))

/** Generates any storable value. */
function generated (random: (below: number) => number, depth: number): unknown {
  const some = (n: number) => Array.from({ length: random(n) }, () => generated(random, depth - 1))
  const text = () =>
    ['', 'a', 'text', 'ü', 'Ω≈', '🔑', '\u0000\n', '"\\', 'x'.repeat(random(50))][random(9)] ?? ''
  switch (random(depth === 0 ? 12 : 20)) {
    case 0:
      return undefined
    case 1:
      return null
    case 2:
      return random(2) === 0
    case 3:
      return random(2 ** 31) - 2 ** 30
    case 4:
      return [NaN, Infinity, -Infinity, -0, 1e300, 5e-324][random(6)]
    case 5:
      return random(1e9) / 7
    case 6:
      return BigInt(random(1e9)) ** BigInt(1 + random(5))
    case 7:
      return new Date(random(2 ** 31) * 1000)
    case 8:
      return Buffer.from(text())
    case 9:
      return new Float32Array(random(5)).fill(random(100))
    case 10:
      return new RegExp(`${random(10)}`, ['', 'g', 'iu'][random(3)])
    case 11:
      return text()
    case 12:
      return new Map(
        some(5).map((value, i) => [i % 2 === 0 ? i : generated(random, depth - 1), value])
      )
    case 13:
      return new Set(some(5))
    case 14:
      return Object.assign(Object.create(null) as object, { a: generated(random, depth - 1) })
    case 15: {
      const sparse = some(4)
      sparse[random(30)] = 1
      return sparse
    }
    case 16: {
      const shared = { of: generated(random, depth - 1) }
      return [shared, { shared }]
    }
    case 17: {
      const cycle: Record<string, unknown> = { list: some(3) }
      cycle[text() || 'self'] = cycle
      return cycle
    }
    case 18:
      return some(6)
    default:
      return Object.fromEntries(some(6).map((value, i) => [`${text()}${i}`, value]))
  }
}
