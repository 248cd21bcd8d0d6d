import t from 'tap'
import { createCache } from '../src/index.js'
import { record } from './events.js'
import { steeredStore } from './steered-store.js'

const OPTIONS = { ttl: '1m', tags: ['tag'] } as const

t.test('each outcome publishes an event', async (t) => {
  const steered = steeredStore()
  const { store } = steered
  const [a, b] = [
    createCache<string>({ store, namespace: 'n' }),
    createCache<string>({ store, namespace: 'n' })
  ]
  const hits = record(t, 'weir:cache:hit')
  const misses = record(t, 'weir:cache:miss')
  const stores = record(t, 'weir:cache:store')
  const discards = record(t, 'weir:cache:discard')
  const invalidations = record(t, 'weir:cache:invalidate')
  const clears = record(t, 'weir:cache:clear')
  const errors = record(t, 'weir:cache:error')

  await Promise.all([
    a.remember('key', OPTIONS, () => 'value'),
    a.remember('key', OPTIONS, () => 'value')
  ])
  await a.get('key')
  await b.get('key')
  t.strictSame(misses, [{ namespace: 'n', key: 'key' }])
  t.match(stores, [
    { namespace: 'n', key: 'key', tags: ['tag'], bytes: 68 + 7 + 'text 24'.length + 5 }
  ])
  t.match(
    hits,
    ['coalesced', 'l1', 'l2'].map((source) => ({
      namespace: 'n',
      key: 'key',
      source,
      stale: false,
      cost: Number
    }))
  )

  await a.invalidate(['tag', 'other'])
  t.match(invalidations, [{ namespace: 'n', tags: ['tag', 'other'], stamp: Number }])
  await b.get('key')
  t.strictSame(discards, [
    { namespace: 'n', key: 'key', reason: 'invalid' },
    { namespace: 'n', key: 'key', reason: 'invalid' }
  ], 'in memory, and in the store')

  await a.clear()
  await a.clear('other')
  t.match(clears, [{ namespace: 'n', stamp: Number }, { namespace: 'other', stamp: Number }])

  const error = new Error('full')
  steered.before.set = () => { throw error }
  t.equal(await a.remember('key', OPTIONS, () => 'value'), 'value')
  t.strictSame(errors, [{ namespace: 'n', operation: 'write', key: 'key', error }])
})

t.test('the store event of an atomic write has the tags of the stored value', async (t) => {
  const cache = createCache<number>({ store: steeredStore().store, namespace: 'verbs' })
  const stores = record(t, 'weir:cache:store')
  await cache.add('key', 1, { ttl: '1m', tags: ['first'] })
  const { version } = await cache.getWithVersion('key')
  await cache.compareAndSet('key', version, 2, { ttl: '1m', tags: ['second'] })
  await cache.touch('key', '2m')
  await cache.increment('count', 1, { tags: ['counts'] })
  t.strictSame(stores.map(({ tags }) => tags), [['first'], ['second'], ['second'], ['counts']])
})
