import t from 'tap'
import { createCache } from '../src/index.js'
import { stopDate } from './clock.js'
import { record } from './events.js'
import { steeredStore } from './steered-store.js'

const OPTIONS = { ttl: '1m', tags: ['tag'] } as const

t.test('returns values in the order of the keys, with one read of the store', async (t) => {
  const { store, asked } = steeredStore()
  const writer = createCache<string>({ store, namespace: 'n' })
  for (const key of ['a', 'b', 'c']) await writer.set(key, key.toUpperCase(), OPTIONS)
  const cache = createCache<string>({ store, namespace: 'n' })
  asked.length = 0
  t.strictSame(await cache.getMany(['c', 'none', 'a', 'c']), ['C', undefined, 'A', 'C'])
  t.strictSame(asked, ['get'])
  t.match(cache.stats(), { hits: { l1: 0, l2: 2 }, misses: 1 }, 'each key counts once')

  asked.length = 0
  t.strictSame(await cache.getMany(['a', 'c']), ['A', 'C'])
  t.strictSame(asked, [], 'they are in memory now')
  t.strictSame(await cache.getMany(['a', 'b', 'c']), ['A', 'B', 'C'])
  t.strictSame(asked, ['get'], 'only values missing from memory are read')
  t.strictSame(await cache.getMany([]), [])
})

t.test('the validity of each value is checked separately', async (t) => {
  const date = stopDate(t)
  const cache = createCache<string>({
    store: steeredStore({ judgesLocally: false }).store,
    namespace: 'n',
    l1: false
  })
  await cache.set('tagged', 'tagged', OPTIONS)
  await cache.set('plain', 'plain', { ttl: '1m' })
  await cache.set('stale', 'stale', { ttl: '1s', staleWhileRevalidate: '1m' })
  date.advance(1000)
  await cache.invalidate(['tag'])
  t.strictSame(await cache.getMany(['tagged', 'plain', 'stale']), [undefined, 'plain', undefined])
})

t.test('a failing store: nothing is found, one event', async (t) => {
  const steered = steeredStore()
  const errors = record(t, 'weir:cache:error')
  const cache = createCache<string>({ store: steered.store, namespace: 'n' })
  steered.before.get = () => { throw new Error('no') }
  t.strictSame(await cache.getMany(['a', 'b']), [undefined, undefined])
  t.match(errors, [{ operation: 'read', key: 'a b', error: { message: 'no' } }])
  t.equal(errors.length, 1)
})

t.test('an old value in memory does not hide a newer one of another instance', async (t) => {
  const date = stopDate(t)
  const { store } = steeredStore()
  const [a, b] = [
    createCache<string>({ store, namespace: 'n' }),
    createCache<string>({ store, namespace: 'n' })
  ]
  const options = { ttl: '1s', staleIfError: '1h' } as const
  await a.set('key', 'first', options)
  t.strictSame(await b.getMany(['key', 'none']), ['first', undefined])
  date.advance(1000)
  t.strictSame(await b.getMany(['key', 'none']), [undefined, undefined])
  await a.remember('key', options, () => 'second')
  t.strictSame(await b.getMany(['key', 'none']), ['second', undefined])
})
