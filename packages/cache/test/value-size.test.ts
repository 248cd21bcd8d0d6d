import t from 'tap'
import { createCache } from '../src/index.js'
import { memoryStore } from '../src/stores/memory.js'
import { eachStore } from './each-store.js'
import { record } from './events.js'
import { steeredStore } from './steered-store.js'

const OPTIONS = { ttl: '1m', tags: ['tag'] } as const
const untyped = (value: unknown) => value as never
const tooLarge = (bytes: number) => ({
  code: 'WEIR_CACHE_VALUE_TOO_LARGE',
  message: `The value for 'key' has ${bytes} bytes, more than the 1000 of maxValueBytes before compression: store less under a key, or raise maxValueBytes`
})

eachStore(t, 'set rejects a value that is too large, compressed or not', async (t, store) => {
  for (const compression of [false, true, { threshold: 0 }]) {
    const cache = createCache<string>({ store, namespace: 'n', maxValueBytes: 1000, compression })
    t.equal(await cache.set('key', 'a'.repeat(1000), OPTIONS), true)
    await t.rejects(cache.set('key', 'a'.repeat(1001), OPTIONS), tooLarge(1001))
    t.equal(await cache.get('key'), 'a'.repeat(1000), 'the present one stays')
    await t.rejects(cache.set('key', 'ü'.repeat(501), OPTIONS), tooLarge(1002))
  }
})

eachStore(t, 'remember returns it to all waiting callers, and stores nothing', async (t, store) => {
  const errors = record(t, 'weir:cache:error')
  const cache = createCache<string>({ store, namespace: 'n', maxValueBytes: 1000 })
  let runs = 0
  const large = () => `${++runs}${'a'.repeat(1000)}`
  const all = await Promise.all(
    Array.from({ length: 10 }, () => cache.remember('key', OPTIONS, large))
  )
  t.equal(new Set(all).size, 1)
  t.match(errors, [{ namespace: 'n', key: 'key', operation: 'write', error: tooLarge(1001) }])
  t.equal(errors.length, 1)
  t.equal(cache.stats().errors, 1)
  t.equal(cache.stats().l1.entries, 0)
  t.equal(await cache.get('key'), undefined)
  t.match(await cache.remember('key', OPTIONS, large), /^2aaa/)
  t.equal(await cache.remember('key', OPTIONS, () => 'small'), 'small')
  t.equal(await cache.get('key'), 'small')
})

t.test('a rejected value sends nothing to the store', async (t) => {
  const { store, asked } = steeredStore()
  const cache = createCache<unknown>({ store, namespace: 'n', maxValueBytes: 1000 })
  await t.rejects(cache.set('key', 'a'.repeat(1001), OPTIONS), tooLarge(1001))
  await t.rejects(cache.set('key', () => {}, OPTIONS), { code: 'WEIR_CACHE_UNSERIALIZABLE' })
  t.notOk(asked.includes('replace') || asked.includes('set'), asked.join())
})

t.test('the bound', async (t) => {
  for (const maxValueBytes of [0, -1, 1.5, NaN, Infinity, '5', null]) {
    t.throws(
      () =>
        createCache({
          store: memoryStore(),
          namespace: 'n',
          maxValueBytes: untyped(maxValueBytes)
        }),
      {
        code: 'WEIR_CACHE_INVALID_OPTION',
        message: /^maxValueBytes .*: use a positive integer$/
      }
    )
  }
  const cache = createCache<Buffer>({ store: memoryStore({ maxBytes: 2 ** 28 }), namespace: 'n' })
  await t.rejects(cache.set('key', Buffer.alloc(64 * 1024 * 1024 + 1), OPTIONS), {
    code: 'WEIR_CACHE_VALUE_TOO_LARGE'
  })
  t.equal(await cache.set('key', Buffer.alloc(64 * 1024 * 1024), OPTIONS), true)
})
