import { Redis } from 'ioredis'
import t from 'tap'
import { createCache, Fill } from '../src/index.js'
import { memoryStore } from '../src/stores/memory.js'
import { redisStore } from '../src/stores/redis/index.js'
import { stopDate } from './clock.js'

const DAY = 86_400_000

t.test('a fillTimeout longer than a timer supports does not end at once', async (t) => {
  const warnings: Error[] = []
  const onWarning = (warning: Error) => { warnings.push(warning) }
  process.on('warning', onWarning)
  t.teardown(() => { process.off('warning', onWarning) })
  const cache = createCache<string>({ store: memoryStore(), namespace: 'n', fillTimeout: '30d' })
  const fill = await cache.acquire('key')
  if (!(fill instanceof Fill)) throw new Error('nothing is found')
  const waiting = cache.acquire('key')
  // The timer of an overlong wait fires after a millisecond: one set later fires after it.
  await new Promise((resolve) => setTimeout(resolve, 5))
  t.equal(cache.stats().flights, 1)
  await fill.commit('value', () => ({ ttl: '1m' }))
  t.match(await waiting, { entry: { value: 'value' } })
  t.strictSame(warnings, [])
})

t.test('windows of more than 49 days last until their end', async (t) => {
  const date = stopDate(t)
  const store = memoryStore()
  const cache = createCache<string>({ store, namespace: 'n', l1: false })
  await cache.set('key', 'value', { ttl: '60d', staleIfError: '90d', retain: '365d' })
  const entry = (await cache.find('key', { accept: 'retained' }))?.entry
  t.equal(entry?.keptFor, 365 * DAY)
  date.advance(60 * DAY + 89 * DAY)
  t.equal((await cache.find('key', { accept: 'retained' }))?.entry.value, 'value')
  date.advance(276 * DAY - 1)
  t.equal((await cache.find('key', { accept: 'retained' }))?.entry.value, 'value')
  date.advance(2)
  t.equal(await cache.find('key', { accept: 'retained' }), undefined)
})

t.test('durations longer than a store supports end after a hundred years', async (t) => {
  const cache = createCache<string>({ store: memoryStore(), namespace: 'n' })
  await cache.set('key', 'value', { ttl: 1e300 })
  t.ok((cache.lookup('key')?.entry.freshUntil ?? Infinity) <= Date.now() + 100 * 365 * DAY)
})

t.test('a lease of more than an hour is rejected', async (t) => {
  const client = new Redis({ lazyConnect: true })
  t.throws(() => redisStore({ client, lease: '2h' }), {
    code: 'WEIR_CACHE_INVALID_OPTION',
    message: /lease '2h'/
  })
})
