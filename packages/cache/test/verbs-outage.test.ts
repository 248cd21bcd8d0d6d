import { startRedis } from '@weir/internal/testing'
import t from 'tap'
import { CacheError, createCache } from '../src/index.js'
import { guardedStore } from '../src/stores/guarded.js'
import { memoryStore } from '../src/stores/memory.js'
import { gate } from './gate.js'
import { hearing } from './judging.js'
import { openStore } from './redis-place.js'
import { until } from './redis-node.js'
import { steeredStore } from './steered-store.js'

const OPTIONS = { ttl: '1h' } as const

/** Returns the error that a call rejects with. */
const errorOf = async (call: Promise<unknown>): Promise<CacheError> => {
  const error: unknown = await call.then((value) => value, (error: unknown) => error)
  if (error instanceof CacheError) return error
  throw new TypeError(`no CacheError: ${String(error)}`)
}

t.test(
  'Redis freezes: each atomic method fails, says what may have been done, and does it once',
  async (t) => {
    const server = await startRedis(t)
    // A long lease, so that the counter is checked locally and its command is sent.
    const store = openStore(t, {
      client: await server.connect(),
      commandTimeout: 100,
      lease: 60_000
    })
    await hearing(store.namespace('n'))
    const cache = createCache<number>({ store, namespace: 'n' })
    const { version } = await cache.getWithVersion('value')
    await cache.set('value', 1, { ...OPTIONS, consistency: 'bounded' })
    t.equal(await cache.increment('counter'), 1)
    t.equal(await cache.increment('counter'), 2)
    server.freeze()
    const counted = await errorOf(cache.increment('counter'))
    t.equal(counted.code, 'WEIR_CACHE_STORE_FAILED')
    t.match(counted.message, /may have been done, and is not retried/)
    const calls = {
      add: cache.add('value', 2, OPTIONS),
      pull: cache.pull('value'),
      touch: cache.touch('value', '1m'),
      compareAndSet: cache.compareAndSet('value', version, 3, OPTIONS),
      setMany: cache.setMany([['value', 4]], OPTIONS),
      deleteMany: cache.deleteMany(['value']),
      getWithVersion: cache.getWithVersion('value'),
      increment: cache.increment('another')
    }
    for (const [what, call] of Object.entries(calls)) {
      t.equal((await errorOf(call)).code, 'WEIR_CACHE_STORE_FAILED', what)
    }
    server.thaw()
    await until('Redis is in use again', async () => (await cache.get('counter')) !== undefined)
    // The unanswered command has reached Redis.
    t.equal(await cache.get('counter'), 3)
    t.equal(await cache.increment('counter'), 4)
  }
)

t.test('a lost answer is an error, and nothing is counted twice', async (t) => {
  const steered = steeredStore()
  const cache = createCache<number>({ store: steered.store, namespace: 'n' })
  await cache.increment('key')
  for (const method of ['increment', 'swap', 'replaced'] as const) {
    await cache.delete('key')
    await cache.increment('key')
    await cache.increment('key')
    if (method !== 'increment') await cache.set('key', 2, OPTIONS)
    steered.after[method] = () => { throw new Error('lost') }
    t.equal((await errorOf(cache.increment('key'))).code, 'WEIR_CACHE_STORE_FAILED', method)
    steered.after = {}
    // The value in memory ends as soon as the store has been read.
    await until(`${method} is settled`, async () => await cache.get('key') === 3)
  }
})

t.test('a guarded store allows no comparing or counting while it is untrusted', async (t) => {
  let isTrusted = true
  const cache = createCache<number>({
    store: guardedStore(memoryStore(), () => isTrusted),
    namespace: 'n'
  })
  await cache.set('value', 1, OPTIONS)
  await cache.increment('counter')
  const { version } = await cache.getWithVersion('value')
  await cache.increment('counter')
  isTrusted = false
  const calls = [
    cache.add('value', 2, OPTIONS),
    cache.pull('value'),
    cache.touch('value', '1m'),
    cache.getWithVersion('value'),
    cache.compareAndSet('value', version, 3, OPTIONS),
    cache.increment('counter')
  ]
  for (const call of calls) t.equal((await errorOf(call)).code, 'WEIR_CACHE_STORE_UNTRUSTED')
  isTrusted = true
  t.strictSame(await cache.getMany(['value', 'counter']), [1, 2])
})

t.test(
  'round trips do not grow with the number of entries, and leases are awaited once',
  async (t) => {
    const steered = steeredStore({ judgesLocally: false })
    const cache = createCache<number>({ store: steered.store, namespace: 'n' })
    // Maximum number of concurrent operations.
    let [underWay, most] = [0, 0]
    steered.before.replace = async () => {
      most = Math.max(most, ++underWay)
      await new Promise((resolve) => {
        setImmediate(resolve)
      })
      underWay--
    }
    await cache.setMany(
      Array.from({ length: 100 }, (_, i) => [`${i}`, i]),
      OPTIONS
    )
    t.equal(most, 100, 'all at once')
    t.equal(steered.asked.filter((method) => method === 'waitForLeases').length, 1)
    steered.asked.length = 0
    await cache.deleteMany(Array.from({ length: 100 }, (_, i) => `${i}`))
    t.equal(steered.asked.filter((method) => method === 'invalidate').length, 1)
  }
)

t.test('counting asks the store once, and waits for no lease', async (t) => {
  const steered = steeredStore()
  const cache = createCache<number>({ store: steered.store, namespace: 'n' })
  await cache.increment('key')
  t.strictSame(
    steered.asked,
    ['get', 'stamp', 'swap', 'stamp', 'swap', 'replaced'],
    'nothing was there that a memory could have'
  )
  await cache.increment('key')
  steered.asked.length = 0
  await cache.increment('key')
  t.strictSame(steered.asked, ['increment'])
  await cache.set('key', 7, OPTIONS)
  steered.asked.length = 0
  t.equal(await cache.increment('key'), 8)
  t.strictSame(
    steered.asked,
    ['increment', 'get', 'stampIfValid', 'swap', 'replaced', 'waitForLeases'].slice(1),
    'an expired known counter is not requested'
  )
  await cache.set('key', 7, OPTIONS)
  steered.asked.length = 0
  await cache.increment('key', 1, { consistency: 'bounded' })
  t.notOk(steered.asked.includes('waitForLeases'))
})

t.test(
  'a read that began before a counter changed does not answer a later one',
  async (t) => {
    const steered = steeredStore()
    const cache = createCache<number>({ store: steered.store, namespace: 'n' })
    await cache.increment('key')
    await cache.increment('key')
    let goOn = () => {}
    const reached = gate()
    steered.after.get = () =>
      new Promise<void>((resolve) => {
        goOn = resolve
        reached.open()
      })
    const before = cache.get('key')
    await reached.opened
    steered.after = {}
    t.equal(await cache.increment('key'), 3)
    const after = cache.get('key')
    goOn()
    t.strictSame([await before, await after], [2, 3])
  }
)

t.test(
  'a value that was added, seen and deleted before add gets its answer is not added again',
  async (t) => {
    const steered = steeredStore()
    const [cache, other] = [
      createCache<number>({ store: steered.store, namespace: 'n' }),
      createCache<number>({ store: steered.store, namespace: 'n' })
    ]
    const held = gate()
    let isHeld = false
    const hold = async () => {
      if (isHeld) return
      isHeld = true
      await held.opened
    }
    // The first call after the swap, whichever it is.
    steered.after.swap = async () => {
      if ((await other.get('key')) === 1) {
        Object.assign(steered.before, { replaced: hold, stampIfValid: hold })
      }
    }
    const adding = cache.add('key', 1, OPTIONS)
    await until('add is held', async () => isHeld)
    delete steered.after.swap
    t.equal(await other.increment('key', 4), 5, 'it is seen')
    await other.delete('key')
    held.open()
    t.equal(await adding, true)
    t.equal(await cache.get('key'), undefined)
    t.equal(await other.increment('key', 2), 2)
  }
)
