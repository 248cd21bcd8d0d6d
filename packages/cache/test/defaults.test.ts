import t from 'tap'
import { type CacheOptions, createCache, type Entry, Fill, keyTag } from '../src/index.js'
import { memoryStore } from '../src/stores/memory.js'
import { NOW, stopDate, stopTimers } from './clock.js'
import { eachStore } from './each-store.js'
import { record } from './events.js'
import { gate, gatedFn, mustNotRun } from './gate.js'

const untyped = (value: unknown) => value as never

const DEFAULTS = {
  ttl: '1m',
  staleWhileRevalidate: '2m',
  staleIfError: '3m',
  retain: '4m',
  tagPrefix: 'p:'
} as const

const cacheWith = (options: Partial<CacheOptions<unknown>> = {}) =>
  createCache<unknown>({ store: memoryStore(), namespace: 'n', ...DEFAULTS, ...options })

/** Returns the ends of the entry's lifetimes. */
async function times (cache: ReturnType<typeof cacheWith>, key: string): Promise<number[]> {
  const hit = await cache.find(key, { accept: 'retained' })
  const { freshUntil, staleUntil, errorUntil, keptFor } = hit?.entry ?? none()
  return [freshUntil - NOW, staleUntil - freshUntil, errorUntil - freshUntil, keptFor].map(
    (ms) => ms / 60_000
  )
}
const none = (): Entry<unknown> => { throw new Error('an entry was expected') }

t.test(
  'every way to fill uses the defaults, and options of a call override them',
  async (t) => {
    stopDate(t)
    const table: [options: Record<string, unknown>, expected: number[]][] = [
      [{}, [1, 2, 3, 4]],
      [{ ttl: '5m' }, [5, 2, 3, 4]],
      [{ ttl: undefined, retain: undefined }, [1, 2, 3, 4]],
      [{ staleWhileRevalidate: 0 }, [1, 0, 3, 4]],
      [{ staleIfError: '10m' }, [1, 2, 10, 10]],
      [{ retain: 0, staleIfError: 0 }, [1, 2, 0, 2]]
    ]
    for (const [options, expected] of table) {
      const cache = cacheWith()
      await cache.set('set', 1, untyped(options))
      await cache.remember('remember', untyped(options), () => 1)
      await cache.remember('context', (ctx) => {
        ctx.options(untyped(options))
        return 1
      })
      const fill = await cache.acquire('fill')
      if (!(fill instanceof Fill)) throw new Error('a fill was expected')
      await fill.commit(1, () => untyped(options))
      for (const key of ['set', 'remember', 'context', 'fill']) {
        t.strictSame(await times(cache, key), expected, `${key} ${JSON.stringify(options)}`)
      }
    }
  }
)

t.test('a value that is not kept, or only for a different time, has no windows by default', async (t) => {
  const clock = stopDate(t)
  const cache = cacheWith({ negativeTtl: '10s' })
  t.equal(await cache.remember('nothing', () => null), null)
  t.strictSame((await times(cache, 'nothing')).slice(1), [0, 0, 0])
  clock.advance(10_000)
  t.equal(await cache.remember('nothing', () => 'by now'), 'by now')
  await cache.remember('skipped', (ctx) => {
    ctx.skip()
    return 1
  })
  t.equal(await cache.find('skipped', { accept: 'retained' }), undefined)
})

t.test('timeouts', async (t) => {
  const clock = stopTimers(t)
  const cache = cacheWith({ hardTimeout: 100, staleWhileRevalidate: 0, softTimeout: 50 })
  const begun = gate()
  const late = cache.remember('key', () => {
    begun.open()
    return new Promise(() => {})
  })
  await begun.opened
  clock.advance(100)
  await t.rejects(late, { code: 'WEIR_CACHE_FILL_TIMEOUT' })
  await cache.set('key', 'stale')
  clock.advance(61_000)
  const again = gate()
  const soft = cache.remember('key', { hardTimeout: 1000 }, () => {
    again.open()
    return new Promise(() => {})
  })
  await again.opened
  clock.advance(50)
  t.equal(await soft, 'stale')
})

t.test('early refresh', async (t) => {
  stopDate(t)
  t.intercept(Math, 'random', { value: () => 0.999_999 })
  let now = 0
  t.intercept(performance, 'now', { value: () => now })
  const cache = cacheWith({ earlyRefresh: true })
  // A value that takes 2 ms is due 28 ms before it expires.
  await cache.remember('key', { ttl: 20 }, () => {
    now += 2
    return 'first'
  })
  t.equal(await cache.remember('key', { earlyRefresh: false }, mustNotRun), 'first')
  const { fn, started, end } = gatedFn()
  t.equal(await cache.remember('key', fn), 'first')
  await started
  end('second')
})

eachStore(t, 'tags have the prefix, tags of keys do not', async (t, store) => {
  const cache = createCache<unknown>({ store, namespace: 'n', ttl: '1m', tagPrefix: 'product:' })
  const other = createCache<unknown>({ store, namespace: 'n', ttl: '1m' })
  const invalidations = record(t, 'weir:cache:invalidate')
  const wrapped = cache.wrap(async (id: string) => id, { name: 'load', tags: (_, id) => [id] })
  const fill = async () => {
    await cache.set('set', 1, { tags: ['42'] })
    await cache.remember('remember', { tags: ['42'] }, () => 1)
    await cache.remember('function', { tags: (value) => [`4${String(value)}`] }, () => 2)
    await cache.remember('context', (ctx) => {
      ctx.options({ tags: ['42'] })
      return 1
    })
    await cache.set('of a key', 1, { tags: [keyTag('set')] })
    await wrapped('42')
  }
  const keys = ['set', 'remember', 'function', 'context', wrapped.key('42')]
  const present = async () => Promise.all(keys.map((key) => other.has(key)))
  await fill()
  t.strictSame((await cache.find('set'))?.entry.tags.slice(0, 1), ['product:42'])
  await other.invalidate(['42'])
  t.strictSame(await present(), keys.map(() => true), 'another tag')
  t.equal(cache.countInMemory(['42']), 5)
  await cache.invalidate(['42'])
  t.strictSame(invalidations.at(-1)?.tags, ['product:42'])
  t.strictSame(await present(), keys.map(() => false))
  t.ok(await other.has('of a key'))
  await fill()
  await other.invalidate(['product:42'])
  t.strictSame(await present(), keys.map(() => false), 'by the full name')
  await fill()
  await wrapped.clear()
  t.notOk(await other.has(wrapped.key('42')))
  await cache.delete('set')
  t.notOk(await other.has('of a key'), 'it ends with that key')
  await t.rejects(cache.invalidate([untyped(5)]), { code: 'WEIR_CACHE_INVALID_TAG' })
  await t.rejects(cache.set('a', 1, { tags: [untyped(5)] }), { code: 'WEIR_CACHE_INVALID_TAG' })
})

t.test('invalid defaults', async (t) => {
  for (const name of [
    'ttl',
    'staleWhileRevalidate',
    'staleIfError',
    'retain',
    'negativeTtl',
    'softTimeout',
    'hardTimeout'
  ]) {
    t.throws(() => cacheWith(untyped({ [name]: '5 minutes' })), {
      code: 'WEIR_CACHE_INVALID_DURATION',
      message: new RegExp(`^${name}: '5 minutes'`)
    })
  }
  for (const [name, value] of [
    ['jitter', 2],
    ['jitter', 'much'],
    ['earlyRefresh', 'yes'],
    ['tagPrefix', 5],
    ['tagPrefix', '\ud800']
  ] as const) {
    t.throws(() => cacheWith(untyped({ [name]: value })), {
      code: 'WEIR_CACHE_INVALID_OPTION',
      message: new RegExp(`^${name} `)
    })
  }
})

t.test('jitter', async (t) => {
  stopDate(t)
  const cache = cacheWith({ jitter: 0.5 })
  for (let i = 0; i < 50; i++) await cache.set(`${i}`, 1)
  const all = await Promise.all(
    Array.from({ length: 50 }, async (_, i) => (await times(cache, `${i}`))[0] ?? 0)
  )
  t.ok(new Set(all).size > 40)
  t.ok(all.every((ttl) => ttl >= 0.5 && ttl <= 1))
})

t.test('forever does not expire, whatever the defaults are', async (t) => {
  const windows = ['staleWhileRevalidate', 'staleIfError', 'retain'].map((name) => ({
    [name]: '100d'
  }))
  for (const defaults of [
    ...windows,
    { jitter: 1 },
    { jitter: 0.5, staleIfError: '1h' },
    { ttl: 1 }
  ]) {
    const cache = cacheWith(untyped(defaults))
    t.ok(await cache.forever('key', 1, { tags: ['tag'] }))
    t.equal(await cache.ttl('key'), Infinity, JSON.stringify(defaults))
    t.strictSame((await times(cache, 'key')).slice(1), [0, 0, 0])
    await cache.invalidate(['tag'])
    t.equal(await cache.ttl('key'), undefined)
  }
})
