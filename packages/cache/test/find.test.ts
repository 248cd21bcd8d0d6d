import t from 'tap'
import { createCache } from '../src/index.js'
import { stopDate } from './clock.js'
import { steeredStore } from './steered-store.js'

const OPTIONS = { ttl: '1s', staleWhileRevalidate: '1s', staleIfError: '1h' } as const

t.test('lookup finds values in memory, find also those in the store', async (t) => {
  const date = stopDate(t)
  const { store } = steeredStore()
  await createCache<string>({ store, namespace: 'n' }).set('key', 'value', OPTIONS)
  const cache = createCache<string>({ store, namespace: 'n' })
  t.equal(cache.lookup('key'), undefined)
  t.match(await cache.find('key'), { source: 'l2', stale: false, entry: { value: 'value' } })
  t.match(cache.lookup('key'), { source: 'l1', stale: false })
  date.advance(1000)
  t.match(await cache.find('key'), { source: 'l1', stale: true })
  date.advance(1000)
  t.equal(await cache.find('key'), undefined, 'a value that may only replace an error is not found')
  t.equal(await cache.find('none'), undefined)
})

t.test('lookup does not wait, so it finds nothing if the store has to be asked', async (t) => {
  const { store } = steeredStore({ judgesLocally: false })
  const cache = createCache<string>({ store, namespace: 'n' })
  await cache.set('key', 'value', OPTIONS)
  t.equal(cache.lookup('key'), undefined)
  t.match(await cache.find('key'), { source: 'l1' })
})

t.test('find: an invalid key, a failing store', async (t) => {
  const steered = steeredStore()
  const cache = createCache<string>({ store: steered.store, namespace: 'n' })
  await t.rejects(cache.find(''), { code: 'WEIR_CACHE_INVALID_KEY' })
  steered.before.get = () => { throw new Error('down') }
  t.equal(await cache.find('key'), undefined)
  t.equal(cache.stats().errors, 1)
})
