import t from 'tap'
import { type Cache, createCache, Fill } from '../src/index.js'
import { memoryStore } from '../src/stores/memory.js'
import { stopTimers } from './clock.js'
import { gate, gatedFn, mustNotRun } from './gate.js'
import { steeredStore } from './steered-store.js'

const OPTIONS = { ttl: '1m', tags: ['tag'] } as const
const newCache = <T>() => createCache<T>({ store: memoryStore(), namespace: 'n' })

t.test('500 concurrent callers: the function runs once', async (t) => {
  for (const judgesLocally of [true, false]) {
    const { store, asked } = steeredStore({ judgesLocally })
    const cache = createCache<object>({ store, namespace: 'n' })
    let runs = 0
    const slow = gatedFn<object>()
    const callers = Array.from({ length: 500 }, () => cache.remember('key', OPTIONS, () => {
      runs++
      return slow.fn()
    }))
    await slow.started
    t.equal(cache.stats().flights, 1)
    slow.end({})
    const values = await Promise.all(callers)
    t.equal(new Set(values).size, 1)
    t.equal(runs, 1)
    t.strictSame(
      asked,
      judgesLocally ? ['claim', 'set'] : ['claim', 'isValid', 'set'],
      'the store gets no more requests than from one caller'
    )
    t.equal(cache.stats().flights, 0)
    t.equal(cache.stats().hits.coalesced, 499)
  }
})

t.test('callers that arrive while it runs share it too', async (t) => {
  for (const judgesLocally of [true, false]) {
    const cache = createCache<string>({
      store: steeredStore({ judgesLocally }).store,
      namespace: 'n'
    })
    const slow = gatedFn<string>()
    const first = cache.remember('key', OPTIONS, slow.fn)
    await slow.started
    const later = Array.from({ length: 100 }, () => cache.remember('key', OPTIONS, mustNotRun))
    slow.end('value')
    t.equal(await first, 'value')
    t.strictSame(await Promise.all(later), Array(100).fill('value'))
  }
})

t.test('keys do not wait for each other', async (t) => {
  const cache = newCache<string>()
  const slow = gatedFn<string>()
  const first = cache.remember('slow', OPTIONS, slow.fn)
  await slow.started
  t.equal(await cache.remember('quick', OPTIONS, () => 'quick'), 'quick')
  slow.end('slow')
  t.equal(await first, 'slow')
})

t.test('concurrent readers of one key share a read of the store', async (t) => {
  const { store, asked } = steeredStore()
  const writer = createCache<string>({ store, namespace: 'n' })
  await writer.set('key', 'value', OPTIONS)
  const reader = createCache<string>({ store, namespace: 'n' })
  asked.length = 0
  t.strictSame(
    await Promise.all(Array.from({ length: 100 }, () => reader.get('key'))),
    Array(100).fill('value')
  )
  t.strictSame(asked, ['get'])
})

t.test(
  'a failing function fails only its own caller: each waiting caller computes once',
  async (t) => {
    const cache = newCache<string>()
    const slow = gatedFn<string>()
    const error = new Error('not for this user')
    const first = cache.remember('key', OPTIONS, slow.fn)
    await slow.started
    let runs = 0
    const waiting = Array.from({ length: 25 }, (_, i) =>
      cache.remember('key', OPTIONS, () => {
        runs++
        if (i % 2 === 0) throw new Error(`of ${i}`)
        return `of ${i}`
      })
    )
    slow.fail(error)
    await t.rejects(first, error)
    const outcomes = await Promise.allSettled(waiting)
    t.match(
      outcomes,
      Array.from({ length: 25 }, (_, i) =>
        i % 2 === 0 ? { reason: { message: `of ${i}` } } : { value: `of ${i}` }
      )
    )
    t.equal(runs, 25)
    t.equal(cache.stats().flights, 0)
    t.match(await cache.get('key'), /^of/, 'one of their values is kept')
  }
)

t.test('the same for synchronous exceptions', async (t) => {
  const cache = newCache<string>()
  const error = new Error('at once')
  await t.rejects(cache.remember('key', OPTIONS, () => { throw error }), error)
  t.equal(cache.stats().flights, 0)
})

t.test('the same for errors of its options and its value', async (t) => {
  const cache = newCache<unknown>()
  const error = new Error('no tags')
  const waiting = (key: string, first: Promise<unknown>) =>
    Promise.allSettled([first, cache.remember(key, OPTIONS, () => 'own')])
  const tagsThrow = await waiting(
    'a',
    cache.remember(
      'a',
      {
        ttl: '1m',
        tags: () => {
          throw error
        }
      },
      () => 'value'
    )
  )
  t.match(tagsThrow, [{ reason: error }, { value: 'own' }])
  const badTtl = await waiting('b', cache.remember('b', { ttl: NaN }, () => 'value'))
  t.match(badTtl, [{ reason: { code: 'WEIR_CACHE_INVALID_DURATION' } }, { value: 'own' }])
  const badValue = await waiting('c', cache.remember('c', OPTIONS, () => () => {}))
  t.match(badValue, [{ reason: { code: 'WEIR_CACHE_UNSERIALIZABLE' } }, { value: 'own' }])
  t.equal(cache.stats().flights, 0)
})

t.test('a function that never ends', async (t) => {
  const timers = stopTimers(t)
  const cache = createCache<string>({ store: memoryStore(), namespace: 'n', fillTimeout: '5s' })
  const hung = gatedFn<string>()
  const own = cache.remember('key', OPTIONS, hung.fn)
  await hung.started
  let runs = 0
  const others = [1, 2, 3].map(() => cache.remember('key', OPTIONS, () => `other ${++runs}`))
  timers.advance(4999)
  t.equal(cache.stats().flights, 1)
  timers.advance(1)
  t.strictSame(
    await Promise.all(others),
    ['other 1', 'other 2', 'other 3'],
    'waiting callers continue, each alone'
  )
  t.equal(cache.stats().flights, 0)
  const value = await cache.get('key')
  t.match(value, /^other/)

  t.test('ends after all, too late', async (t) => {
    hung.end('late')
    t.equal(await own, 'late', 'its own caller has waited for it')
    t.equal(await cache.get('key'), value, 'what began later stays')
  })
})

t.test('a flight that ends late does not end the next one', async (t) => {
  const timers = stopTimers(t)
  const cache = createCache<string>({ store: memoryStore(), namespace: 'n', fillTimeout: '5s' })
  const [first, second] = [gatedFn<string>(), gatedFn<string>()]
  const a = cache.remember('key', OPTIONS, first.fn)
  await first.started
  timers.advance(5000)
  const b = cache.remember('key', OPTIONS, second.fn)
  await second.started
  first.fail(new Error('late'))
  await t.rejects(a, { message: 'late' })
  t.equal(cache.stats().flights, 1)
  const joined = cache.remember('key', OPTIONS, mustNotRun)
  second.end('second')
  t.strictSame(await Promise.all([b, joined]), ['second', 'second'])
})

t.test('a flight that ends in time leaves no timer behind', async (t) => {
  const set = t.capture(globalThis, 'setTimeout', globalThis.setTimeout)
  const cleared = t.capture(globalThis, 'clearTimeout', globalThis.clearTimeout)
  await newCache().remember('key', OPTIONS, () => 'value')
  t.strictSame(set().map(({ args }) => args[1]), [10_000], 'the default fillTimeout')
  t.equal(cleared().length, 1)
})

t.test('acquire: one caller gets the fill, and ends it with commit, fail or abandon', async (t) => {
  const duty = async (cache: Cache<string>) => {
    const fill = await cache.acquire('key')
    if (!(fill instanceof Fill)) throw new Error('a fill was expected')
    return { fill, waiting: [cache.acquire('key'), cache.acquire('key')] }
  }

  t.test('commit', async (t) => {
    const { fill, waiting } = await duty(newCache())
    const { entry, result } = await fill.commit('value', () => OPTIONS)
    t.equal(result, 'stored')
    t.equal(entry.value, 'value')
    t.match(await Promise.all(waiting), Array(2).fill({ entry, source: 'coalesced', stale: false }))
  })

  t.test('fail', async (t) => {
    const { fill, waiting } = await duty(newCache())
    fill.fail()
    const fills = await Promise.all(waiting)
    t.ok(fills.every((fill) => fill instanceof Fill), 'each computes its own')
  })

  t.test('abandon', async (t) => {
    const cache = newCache<string>()
    const { fill, waiting } = await duty(cache)
    fill.abandon()
    const fills = await Promise.all(waiting)
    t.ok(fills.every((fill) => fill instanceof Fill), 'each computes its own')
    t.equal(cache.stats().flights, 0, 'and no caller waits for them')
    for (const own of fills) {
      if (own instanceof Fill) t.equal((await own.commit('value', () => OPTIONS)).result, 'stored')
    }
  })
})

t.test('a failed read of the store ends like a miss', async (t) => {
  const steered = steeredStore()
  const cache = createCache<string>({ store: steered.store, namespace: 'n' })
  const held = gate()
  steered.before.claim = () => held.opened
  let runs = 0
  const callers = [1, 2, 3].map(() => cache.remember('key', OPTIONS, () => `run ${++runs}`))
  held.fail(new Error('timeout'))
  t.strictSame(await Promise.all(callers), ['run 1', 'run 1', 'run 1'])
})
