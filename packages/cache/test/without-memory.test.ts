import t from 'tap'
import { createCache } from '../src/index.js'
import { stopDate } from './clock.js'
import { record } from './events.js'
import { gatedFn, mustNotRun } from './gate.js'
import { steeredStore } from './steered-store.js'

const OPTIONS = { ttl: '1m', staleWhileRevalidate: '1m', tags: ['tag'] } as const

function setUp () {
  const steered = steeredStore()
  const cache = createCache<string>({ store: steered.store, namespace: 'n', l1: false })
  const asked = () => steered.asked.splice(0)
  return { steered, cache, asked }
}

t.test('an existing value takes one read, and starts no flight', async (t) => {
  const { cache, asked } = setUp()
  await cache.set('key', 'value', OPTIONS)
  asked()
  t.equal(await cache.remember('key', OPTIONS, mustNotRun), 'value')
  t.strictSame(asked(), ['get'])
  const reads = Promise.all([1, 2, 3].map(() => cache.remember('key', OPTIONS, mustNotRun)))
  t.equal(cache.stats().flights, 0)
  t.strictSame(await reads, ['value', 'value', 'value'])
  t.strictSame(asked(), ['get'], 'readers of one key share it')
  t.match(cache.stats(), { hits: { l1: 0, l2: 4, coalesced: 0 }, misses: 0 })
})

t.test('a missing value takes a read, a claim and a store', async (t) => {
  const { cache, asked } = setUp()
  t.equal(await cache.remember('key', OPTIONS, () => 'value'), 'value')
  t.strictSame(asked(), ['get', 'claim', 'set'])
})

t.test('an expired value is not sent again with the claim', async (t) => {
  const date = stopDate(t)
  const { cache, asked } = setUp()
  await cache.set('key', 'old', { ...OPTIONS, staleIfError: '1h' })
  date.advance(150_000)
  asked()
  t.equal(
    await cache.remember('key', { ...OPTIONS, staleIfError: '1h' }, () => {
      throw new Error('down')
    }),
    'old',
    'it replaces an error'
  )
  t.strictSame(asked().filter((method) => method === 'get' || method === 'claim'), ['get', 'claim'])
})

t.test('a fill in progress is joined without a read', async (t) => {
  const { cache, asked } = setUp()
  const { fn, started, end } = gatedFn<string>()
  const leader = cache.remember('key', OPTIONS, fn)
  await started
  asked()
  const others = [1, 2, 3].map(() => cache.remember('key', OPTIONS, mustNotRun))
  end('value')
  t.strictSame(await Promise.all([leader, ...others]), Array(4).fill('value'))
  t.equal(asked().includes('get'), false)
})

t.test('concurrent readers that found nothing compute once', async (t) => {
  const { cache, asked } = setUp()
  let runs = 0
  const values = await Promise.all(
    [1, 2, 3].map(() => cache.remember('key', OPTIONS, () => `${++runs}`))
  )
  t.strictSame(values, ['1', '1', '1'])
  t.strictSame(asked().filter((method) => method === 'claim'), ['claim'])
})

t.test('a failing store is asked once, and reported once for each reader', async (t) => {
  const { cache, steered, asked } = setUp()
  const errors = record(t, 'weir:cache:error')
  steered.before.get = () => { throw new Error('down') }
  let runs = 0
  t.strictSame(
    await Promise.all([1, 2].map(() => cache.remember('key', OPTIONS, () => `${++runs}`))),
    ['1', '1'],
    'they share a fill'
  )
  t.equal(asked().includes('claim'), false)
  t.match(errors, [{ operation: 'read', key: 'key' }, { operation: 'read', key: 'key' }])
})

t.test('a refill takes only a claim', async (t) => {
  const date = stopDate(t)
  const { cache, asked } = setUp()
  await cache.set('key', 'old', OPTIONS)
  date.advance(90_000)
  const stale = await cache.find('key')
  asked()
  const fill = stale && await cache.revalidate('key', stale.entry)
  t.strictSame(asked(), ['claim'])
  await fill?.commit('new', () => OPTIONS)
  t.equal(await cache.get('key'), 'new')
})

t.test(
  'a function that requests its own key is refused, although the store has a value',
  async (t) => {
    const { cache, steered } = setUp()
    const other = createCache<string>({ store: steered.store, namespace: 'n' })
    await t.rejects(
      cache.remember('key', OPTIONS, async () => {
        await other.set('key', 'value', OPTIONS)
        return cache.remember('key', OPTIONS, mustNotRun)
      }),
      { code: 'WEIR_CACHE_REENTRANT_FILL' }
    )
  }
)
