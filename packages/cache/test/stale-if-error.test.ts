import t from 'tap'
import { createCache } from '../src/index.js'
import { memoryStore } from '../src/stores/memory.js'
import { stopDate } from './clock.js'
import { record } from './events.js'
import { gatedFn, mustNotRun } from './gate.js'

const OPTIONS = { ttl: '10s', staleIfError: '1m' } as const
const down = () => { throw new Error('down') }
const newCache = () => createCache<string>({ store: memoryStore(), namespace: 'n' })

t.test('a stale value replaces a failure, and an event reports it', async (t) => {
  const date = stopDate(t)
  const errors = record(t, 'weir:cache:error')
  const cache = newCache()
  await cache.remember('key', OPTIONS, () => 'first')
  date.advance(10_000)
  t.equal(await cache.remember('key', OPTIONS, down), 'first')
  t.match(errors, [{ namespace: 'n', operation: 'fill', key: 'key', error: { message: 'down' } }])
  t.equal(errors.length, 1)
  t.equal(
    await cache.remember('key', OPTIONS, () => 'second'),
    'second',
    'the next caller tries again'
  )
})

t.test('all waiting callers get it, counted as stale', async (t) => {
  const date = stopDate(t)
  const cache = newCache()
  await cache.remember('key', OPTIONS, () => 'first')
  date.advance(10_000)
  const slow = gatedFn<string>()
  const callers = Array.from({ length: 10 }, () => cache.remember('key', OPTIONS, slow.fn))
  await slow.started
  const late = cache.remember('key', OPTIONS, slow.fn)
  slow.fail(new Error('down'))
  t.strictSame(await Promise.all([...callers, late]), Array(11).fill('first'))
  t.equal(cache.stats().stale, 10)
  t.equal(cache.stats().flights, 0, 'no attempt is made without a request')
})

t.test('it is not served while the function works', async (t) => {
  const date = stopDate(t)
  const cache = newCache()
  await cache.remember('key', OPTIONS, () => 'first')
  date.advance(10_000)
  t.equal(cache.lookup('key'), undefined)
  t.equal(await cache.get('key'), undefined)
  t.equal(await cache.remember('key', OPTIONS, () => 'second'), 'second')
})

t.test('the window ends, even while the function runs', async (t) => {
  const date = stopDate(t)
  const cache = newCache()
  await cache.remember('key', OPTIONS, () => 'first')
  date.advance(69_999)
  t.equal(await cache.remember('key', OPTIONS, down), 'first')
  const slow = gatedFn<string>()
  const callers = [1, 2].map(() => cache.remember('key', OPTIONS, slow.fn))
  await slow.started
  date.advance(1)
  slow.fail(new Error('down'))
  t.match(await Promise.allSettled(callers), Array(2).fill({ reason: { message: 'down' } }))
  await t.rejects(cache.remember('key', OPTIONS, down), { message: 'down' })
})

t.test('without the window there is no stale value to return', async (t) => {
  const date = stopDate(t)
  const cache = newCache()
  await cache.remember('key', { ttl: '10s' }, () => 'first')
  date.advance(10_000)
  await t.rejects(cache.remember('key', { ttl: '10s' }, down), { message: 'down' })
})

t.test('the longer window decides how long the store keeps it', async (t) => {
  const date = stopDate(t)
  const store = memoryStore()
  const options = { ttl: '10s', staleWhileRevalidate: '20s', staleIfError: '1h' } as const
  await createCache<string>({ store, namespace: 'n' }).remember('key', options, () => 'first')
  const other = createCache<string>({ store, namespace: 'n' })
  date.advance(10_000 + 3_599_999)
  t.equal(await other.remember('key', options, down), 'first')
})

t.test(
  'a stale value in memory does not hide a newer one of another instance',
  async (t) => {
    const date = stopDate(t)
    const store = memoryStore()
    const [a, b] = [
      createCache<string>({ store, namespace: 'n' }),
      createCache<string>({ store, namespace: 'n' })
    ]
    await a.remember('key', OPTIONS, () => 'first')
    t.equal(await b.get('key'), 'first')
    date.advance(10_000)
    await a.remember('key', OPTIONS, () => 'second')
    t.equal(await b.remember('key', OPTIONS, mustNotRun), 'second')
  }
)

t.test('memory keeps it after the store has dropped it', async (t) => {
  const date = stopDate(t)
  const store = memoryStore()
  const cache = createCache<string>({ store, namespace: 'n' })
  await cache.remember('key', OPTIONS, () => 'first')
  await store.namespace('n').entries.delete('key')
  date.advance(10_000)
  t.equal(await cache.remember('key', OPTIONS, down), 'first')
})
