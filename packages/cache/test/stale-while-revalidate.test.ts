import t from 'tap'
import { createCache } from '../src/index.js'
import { memoryStore } from '../src/stores/memory.js'
import { stopDate } from './clock.js'
import { next } from './events.js'
import { gatedFn, mustNotRun } from './gate.js'
import { steeredStore } from './steered-store.js'

const OPTIONS = { ttl: '10s', staleWhileRevalidate: '1m' } as const

for (const judgesLocally of [true, false]) {
  t.test(
    `one background fill, and no caller waits (${judgesLocally ? 'judged here' : 'the store is asked'})`,
    async (t) => {
      const date = stopDate(t)
      const cache = createCache<string>({
        store: steeredStore({ judgesLocally }).store,
        namespace: 'n'
      })
      await cache.remember('key', OPTIONS, () => 'first')
      date.advance(10_000)
      const slow = gatedFn<string>()
      let runs = 0
      const read = () =>
        cache.remember('key', OPTIONS, () => {
          runs++
          return slow.fn()
        })
      t.strictSame(await Promise.all(Array.from({ length: 100 }, read)), Array(100).fill('first'))
      await slow.started
      t.equal(await read(), 'first', 'the same for callers that arrive while it runs')
      t.equal(await cache.remember('key', OPTIONS, mustNotRun), 'first')
      t.ok(cache.stats().stale >= 102)
      slow.end('second')
      // The flight ends when its waiters continue; after the window, callers do wait.
      date.advance(60_000)
      t.equal(await cache.remember('key', OPTIONS, mustNotRun), 'second')
      t.equal(runs, 1)
    }
  )
}

t.test('the same without its own memory', async (t) => {
  const date = stopDate(t)
  const cache = createCache<string>({ store: memoryStore(), namespace: 'n', l1: false })
  await cache.remember('key', OPTIONS, () => 'first')
  date.advance(10_000)
  const slow = gatedFn<string>()
  t.equal(await cache.remember('key', OPTIONS, slow.fn), 'first')
  await slow.started
  t.equal(await cache.remember('key', OPTIONS, mustNotRun), 'first')
  slow.end('second')
})

t.test('the window ends', async (t) => {
  const date = stopDate(t)
  const cache = createCache<string>({ store: memoryStore(), namespace: 'n' })
  await cache.remember('key', OPTIONS, () => 'first')
  date.advance(69_999)
  t.match(cache.lookup('key'), { stale: true, entry: { value: 'first' } })
  t.equal(await cache.get('key'), undefined, 'get() returns only fresh values')
  t.notOk(await cache.has('key'))
  date.advance(1)
  t.equal(cache.lookup('key'), undefined)
  t.equal(await cache.remember('key', OPTIONS, () => 'second'), 'second')
})

t.test(
  'the background fill fails: an event, the stale value stays, the next caller tries again',
  async (t) => {
    const date = stopDate(t)
    const failed = next(t, 'weir:cache:error')
    const cache = createCache<string>({ store: memoryStore(), namespace: 'n' })
    await cache.remember('key', OPTIONS, () => 'first')
    date.advance(10_000)
    const slow = gatedFn<string>()
    t.equal(await cache.remember('key', OPTIONS, slow.fn), 'first')
    await slow.started
    const error = new Error('down')
    slow.fail(error)
    t.strictSame(await failed, { namespace: 'n', operation: 'fill', key: 'key', error })
    const again = gatedFn<string>()
    t.equal(await cache.remember('key', OPTIONS, again.fn), 'first')
    await again.started
    again.end('second')
    date.advance(60_000)
    t.equal(await cache.remember('key', OPTIONS, mustNotRun), 'second')
  }
)

t.test('revalidate: one caller gets the fill', async (t) => {
  const date = stopDate(t)
  const cache = createCache<string>({ store: memoryStore(), namespace: 'n' })
  await cache.remember('key', OPTIONS, () => 'first')
  date.advance(10_000)
  const stale = cache.lookup('key')
  t.ok(stale?.stale)
  if (stale === undefined) return
  const fill = await cache.revalidate('key', stale.entry)
  t.equal(fill?.stale, stale.entry)
  t.equal(await cache.revalidate('key', stale.entry), undefined)
  await fill?.commit('second', () => OPTIONS)
  t.match(cache.lookup('key'), { stale: false, entry: { value: 'second' } })
})

t.test('all concurrent callers share a stale value found in the store', async (t) => {
  const date = stopDate(t)
  const store = memoryStore()
  await createCache<string>({ store, namespace: 'n' }).remember('key', OPTIONS, () => 'first')
  date.advance(10_000)
  const cache = createCache<string>({ store, namespace: 'n' })
  const slow = gatedFn<string>()
  let runs = 0
  const read = () => cache.remember('key', OPTIONS, () => {
    runs++
    return slow.fn()
  })
  t.strictSame(await Promise.all(Array.from({ length: 50 }, read)), Array(50).fill('first'))
  await slow.started
  t.equal(runs, 1)
  slow.end('second')
})

for (const judgesLocally of [true, false]) {
  t.test(
    `a value that another instance has replaced is not computed again (${judgesLocally ? 'judged here' : 'the store is asked'})`,
    async (t) => {
      const date = stopDate(t)
      const options = { store: steeredStore({ judgesLocally }).store, namespace: 'n' }
      const [a, b] = [createCache<string>(options), createCache<string>(options)]
      await a.remember('key', OPTIONS, () => 'first')
      await a.remember('other', OPTIONS, () => 'first')
      t.strictSame(
        await b.getMany(['key', 'other']),
        ['first', 'first'],
        'it is in the memory of both'
      )
      date.advance(10_000)
      const stale = await a.find('key')
      const fill = stale && (await a.revalidate('key', stale.entry))
      await fill?.commit('second', () => OPTIONS)
      t.equal(
        await b.remember('key', OPTIONS, mustNotRun),
        'second',
        'also where the old one was in memory'
      )
      t.equal(await b.get('key'), 'second')
      t.strictSame(await b.getMany(['other', 'key']), [undefined, 'second'])
      t.equal(await b.remember('key', OPTIONS, mustNotRun), 'second')
      t.equal(b.stats().flights, 0)
      t.equal(b.stats().errors, 0)
    }
  )
}

t.test('a refill without a lease still ends the copies in other instances\' memory', async (t) => {
  const date = stopDate(t)
  const steered = steeredStore()
  const [a, b] = [
    createCache<string>({ store: steered.store, namespace: 'n' }),
    createCache<string>({ store: steered.store, namespace: 'n' })
  ]
  const options = { ttl: '10s', staleWhileRevalidate: '1h' } as const
  await a.remember('key', options, () => 'old')
  t.equal(await b.get('key'), 'old')
  date.advance(10_000)
  const stale = a.lookup('key')
  steered.before.claim = () => { throw new Error('full') }
  const fill = stale && await a.revalidate('key', stale.entry)
  t.match(await fill?.commit('new', () => options), { result: 'stored' })
  t.equal(b.lookup('key'), undefined)
})
