import t from 'tap'
import { createCache, type Serializer } from '../src/index.js'
import { memoryStore } from '../src/stores/memory.js'

const OPTIONS = { ttl: '1m' } as const

/** A value after its way through the store. */
async function through (value: unknown): Promise<unknown> {
  const cache = createCache({ store: memoryStore(), namespace: 'n', l1: false })
  await cache.set('key', value, OPTIONS)
  if (!await cache.has('key')) throw new Error('it was not kept')
  return cache.get('key')
}

t.test('values come back', async (t) => {
  for (const value of [undefined, null, true, 0, -1.5, '', 'text \u2603 🔑', [], {}, { a: [1, { b: null }] }, Buffer.alloc(0), Buffer.from([0, 255])]) {
    t.strictSame(await through(value), value)
  }
  t.strictSame(await through(new Uint8Array([1, 2])), Buffer.from([1, 2]), 'bytes as a Buffer')
  t.strictSame(await through({ date: new Date(0), none: undefined }), { date: '1970-01-01T00:00:00.000Z' }, 'the rest as JSON has it')
})

t.test('what JSON cannot write is refused, and names the key', async (t) => {
  const cycle: { self?: unknown } = {}
  cycle.self = cycle
  for (const value of [1n, { n: 1n }, () => 1, Symbol('s'), cycle]) {
    const cache = createCache({ store: memoryStore(), namespace: 'n' })
    await t.rejects(cache.set('the key', value, OPTIONS), { code: 'WEIR_CACHE_UNSERIALIZABLE', message: /the key/ })
    await t.rejects(cache.remember('the key', OPTIONS, () => value), { code: 'WEIR_CACHE_UNSERIALIZABLE' })
    t.equal(cache.stats().l1.entries, 0)
  }
})

t.test('one of one\'s own', async (t) => {
  const dates: Serializer<Date> = {
    serialize: (value, key) => ({ meta: key, body: Buffer.from(String(value.getTime())) }),
    deserialize: ({ meta, body }) => {
      if (meta !== 'key') throw new Error('the meta was expected')
      return new Date(Number(body.toString()))
    }
  }
  const cache = createCache<Date>({ store: memoryStore(), namespace: 'n', serializer: dates, l1: false })
  await cache.set('key', new Date(5), OPTIONS)
  t.strictSame(await cache.get('key'), new Date(5))
})

t.test('one that throws: the value is given, not kept, and an event would tell', async (t) => {
  const broken: Serializer<string> = { serialize () { throw new Error('no') }, deserialize: () => '' }
  const cache = createCache<string>({ store: memoryStore(), namespace: 'n', serializer: broken })
  t.equal(await cache.remember('key', OPTIONS, () => 'value'), 'value')
  t.equal(cache.stats().errors, 1)
  t.notOk(await cache.has('key'))
  await t.rejects(cache.set('key', 'value', OPTIONS), { code: 'WEIR_CACHE_STORE_FAILED', cause: { message: 'no' } })
})
