import { setImmediate } from 'node:timers/promises'
import { Random } from '@weir/internal/testing'
import t from 'tap'
import { createCache, type MemoryLimits, type WarmProgress } from '../src/index.js'
import { memoryStore } from '../src/stores/memory.js'
import { sqliteStore } from '../src/stores/sqlite/index.js'
import { stopDate } from './clock.js'
import { record } from './events.js'
import { type Gate, gate, gatedFn, mustNotRun } from './gate.js'
import { steeredStore } from './steered-store.js'

const names = (count: number) => Array.from({ length: count }, (_, i) => `key-${i}`)

const kinds = [
  'absent',
  'fresh',
  'stale',
  'expired',
  'failing',
  'skipped',
  'ended',
  'no key'
] as const

t.test(
  'each key without a fresh value is computed once, and counted by its previous state',
  async (t) => {
    const date = stopDate(t)
    for (let seed = 1; seed <= 30; seed++) {
      const random = new Random(seed)
      const { store, asked } = steeredStore()
      const others = createCache<string>({ store, namespace: 'n' })
      const keys = Array.from({ length: random.integer(0, 350) }, (_, i) => ({
        key: `${i}`,
        kind: random.pick(kinds)
      }))
      const options = { ttl: '1s', staleWhileRevalidate: '1s', retain: '1m' } as const
      const old = (kind: string) => keys.filter((other) => other.kind === kind)
      for (const { key } of old('expired')) await others.set(key, 'old', options)
      date.advance(1500)
      for (const { key } of old('stale')) await others.set(key, 'old', options)
      date.advance(1500)
      for (const { key } of old('fresh')) await others.set(key, 'fresh', options)

      const cache = createCache<string>({
        store,
        namespace: 'n',
        l1: random.pick<MemoryLimits | false>([{}, false])
      })
      const concurrency = random.integer(1, 9)
      const ran = new Map<string, number>()
      const progress: WarmProgress[] = []
      let [running, most] = [0, 0]
      asked.length = 0
      const summary = await cache.warm(
        keys.map(({ key, kind }) => (kind === 'no key' ? '' : key)),
        {
          ...options,
          concurrency,
          onProgress: (now) => {
            progress.push(now)
          }
        },
        async (key, ctx) => {
          most = Math.max(most, ++running)
          ran.set(key, (ran.get(key) ?? 0) + 1)
          await setImmediate()
          running--
          const kind = keys[Number(key)]?.kind
          if (kind === 'failing') throw new Error(`no ${key}`)
          if (kind === 'skipped') ctx.skip()
          if (kind === 'ended') await others.delete(key)
          return 'new'
        }
      )

      const count = (...of: string[]) => keys.filter(({ kind }) => of.includes(kind)).length
      const failed = count('failing', 'no key')
      t.match(
        summary,
        {
          done: keys.length,
          total: keys.length,
          failed,
          fresh: count('fresh'),
          filled: count('absent', 'stale', 'expired')
        },
        `seed ${seed}`
      )
      t.equal(summary.errors.length, Math.min(failed, 10))
      t.ok(most <= concurrency, `${most} at once`)
      t.strictSame(
        [...ran.keys()].sort(),
        keys
          .filter(({ kind }) => !['fresh', 'no key'].includes(kind))
          .map(({ key }) => key)
          .sort()
      )
      t.ok([...ran.values()].every((times) => times === 1))
      t.ok(
        progress.every(({ done }, i) => done >= (progress[i - 1]?.done ?? 0)),
        'progress goes on'
      )
      if (keys.length > 0) t.match(progress.at(-1), { done: keys.length })
      for (const { key, kind } of keys) {
        const value = ['failing', 'skipped', 'ended', 'no key'].includes(kind)
          ? undefined
          : kind === 'fresh'
            ? 'fresh'
            : 'new'
        if ((await cache.get(key)) !== value) t.fail(`seed ${seed}: ${kind} ${key}`)
      }
    }
  }
)

t.test('freshness is checked in groups', async (t) => {
  const { store, asked } = steeredStore()
  const writer = createCache<string>({ store, namespace: 'n' })
  for (const key of names(250)) await writer.set(key, 'fresh', { ttl: '1m' })
  const cache = createCache<string>({ store, namespace: 'n' })
  asked.length = 0
  t.match(await cache.warm(new Set(names(250)), { ttl: '1m' }, mustNotRun), {
    fresh: 250,
    filled: 0,
    total: 250
  })
  t.strictSame(asked, ['get', 'get', 'get'])
  t.match(cache.stats(), { misses: 0, hits: { l1: 0, l2: 0 } }, 'and is no hit')
})

t.test('tags, the value\'s own options and its previous value work as in remember', async (t) => {
  const date = stopDate(t)
  const cache = createCache<string | null>({ store: memoryStore(), namespace: 'n' })
  await cache.set('a', 'last', { ttl: 10, staleIfError: '1m' })
  date.advance(20)
  const seen = new Map<string, unknown>()
  await cache.warm(
    ['a', 'b', 'none'],
    { ttl: '1h', negativeTtl: '1s', tags: (value, key) => [`tag ${value} ${key}`] },
    (key, ctx) => {
      seen.set(key, ctx.stale)
      if (key === 'b') ctx.options({ ttl: '2h' })
      return key === 'none' ? null : `of ${key}`
    }
  )
  t.strictSame(seen, new Map([['a', 'last'], ['b', undefined], ['none', undefined]]))
  date.advance(1000)
  t.strictSame(
    [await cache.has('a'), await cache.has('b'), await cache.has('none')],
    [true, true, false]
  )
  await cache.invalidate(['tag of a a'])
  t.strictSame(await cache.getMany(['a', 'b']), [undefined, 'of b'])
  date.advance(3_600_000)
  t.ok(await cache.has('b'))
})

t.test('an iterable is read only as the work proceeds', async (t) => {
  const cache = createCache<string>({ store: memoryStore(), namespace: 'n' })
  const gates: Gate[] = []
  let taken = 0
  async function * keys () {
    for (const key of names(1000)) {
      taken++
      yield key
    }
  }
  const warmed = cache.warm(keys(), { ttl: '1m', concurrency: 3 }, async () => {
    const held = gate()
    gates.push(held)
    await held.opened
    return 'v'
  })
  for (let i = 0; i < 200; i++) await setImmediate()
  t.equal(gates.length, 3)
  t.equal(taken, 100, 'one group')
  for (let i = 0; i < 1000; i++) {
    gates[i]?.open()
    const next = Math.min(i + 2, 1000)
    while (gates.length < next) await setImmediate()
    if (taken > i + 1 + 3 + 100) t.fail(`${taken} taken after ${i + 1}`)
  }
  t.match(await warmed, { filled: 1000, total: undefined })
})

t.test('keys that arrive one by one do not wait for each other', async (t) => {
  const cache = createCache<string>({ store: memoryStore(), namespace: 'n' })
  const [first, second] = [gatedFn<string>(), gate()]
  async function * keys () {
    yield 'first'
    await second.opened
    yield 'second'
  }
  const warmed = cache.warm(keys(), { ttl: '1m' }, (key) => key === 'first' ? first.fn() : 'v')
  await first.started
  first.end('v')
  second.open()
  t.match(await warmed, { filled: 2 })
})

t.test('one computation for warming, remember and other instances', async (t) => {
  const store = sqliteStore({ file: `${t.testdir()}/cache.db` })
  t.teardown(() => store.close())
  const [one, other] = [
    createCache<string>({ store, namespace: 'n' }),
    createCache<string>({ store, namespace: 'n' })
  ]
  const { fn, started, end } = gatedFn<string>()
  const remembered = one.remember('a', { ttl: '1m' }, fn)
  await started
  const warmed = [
    one.warm(['a', 'b'], { ttl: '1m' }, (key) => `${key} of one`),
    other.warm(['a', 'b'], { ttl: '1m' }, (key) => `${key} of other`)
  ]
  for (let i = 0; i < 20; i++) await setImmediate()
  end('remembered')
  t.equal(await remembered, 'remembered')
  const [mine, theirs] = await Promise.all(warmed)
  t.equal((mine?.filled ?? 0) + (theirs?.filled ?? 0), 1, 'b')
  t.equal((mine?.fresh ?? 0) + (theirs?.fresh ?? 0), 3)
  t.equal(await one.get('a'), 'remembered')
})

t.test('two instances that replace the same stale values compute each once', async (t) => {
  const date = stopDate(t)
  const store = sqliteStore({ file: `${t.testdir()}/cache.db` })
  t.teardown(() => store.close())
  const caches = [1, 2].map(() => createCache<string>({ store, namespace: 'n' }))
  const options = { ttl: '1s', staleWhileRevalidate: '1m' } as const
  for (const key of names(40)) await caches[0]?.set(key, 'old', options)
  date.advance(2000)
  let ran = 0
  await Promise.all(caches.map((cache) => cache.warm(names(40), options, async () => {
    ran++
    await setImmediate()
    return 'new'
  })))
  t.equal(ran, 40)
})

t.test(
  'a signal stops it although the store is silent, and nothing is reported afterward',
  async (t) => {
    for (const operation of ['get', 'claim', 'set'] as const) {
      const steered = steeredStore()
      const events = record(t, 'weir:cache:error')
      const cache = createCache<string>({ store: steered.store, namespace: 'n' })
      const [reached, held] = [gate(), gate()]
      steered.before[operation] = async () => {
        reached.open()
        await held.opened
        throw new Error('too late')
      }
      const controller = new AbortController()
      let progress = 0
      const warmed = cache.warm(
        ['a'],
        {
          ttl: '1m',
          signal: controller.signal,
          onProgress: () => {
            progress++
          }
        },
        () => 'v'
      )
      await reached.opened
      controller.abort(new Error('closing'))
      await t.rejects(warmed, { message: 'closing' }, operation)
      const [told, published] = [progress, events.length]
      held.open()
      for (let i = 0; i < 20; i++) await setImmediate()
      t.equal(progress, told)
      if (operation === 'get') t.equal(events.length, published)
    }
  }
)

t.test('an onProgress that rejects stops it, including the last one', async (t) => {
  for (const failing of [1, 2, 3]) {
    const cache = createCache<string>({ store: memoryStore(), namespace: 'n' })
    let calls = 0
    const onProgress = async () => {
      const call = ++calls
      for (let i = 0; i < 3; i++) await setImmediate()
      if (call === failing) throw new Error(`no screen ${call}`)
    }
    await t.rejects(
      cache.warm(['a', 'b'], { ttl: '1m', onProgress }, () => 'v'),
      { message: `no screen ${failing}` }
    )
  }
})

for (const where of ['the iterable', 'a function', 'another\'s fill'] as const) {
  t.test(`a signal stops it at once, whatever it waits for: ${where}`, async (t) => {
    const cache = createCache<string>({ store: memoryStore(), namespace: 'n' })
    const controller = new AbortController()
    const reached = gate()
    let returned = false
    let signal: AbortSignal | undefined
    const elsewhere = gatedFn<string>()
    const held = cache.remember('held', { ttl: '1m' }, elsewhere.fn)
    await elsewhere.started
    const keys: AsyncIterable<string> = {
      [Symbol.asyncIterator]: () => ({
        async next () {
          if (where === 'the iterable') {
            reached.open()
            await new Promise(() => {})
          }
          if (where === 'another\'s fill') reached.open()
          return { done: false, value: where === 'another\'s fill' ? 'held' : 'key' }
        },
        async return () {
          returned = true
          return { done: true, value: undefined }
        }
      })
    }
    const warmed = cache.warm(
      keys,
      { ttl: '1m', concurrency: 2, signal: controller.signal },
      async (_, ctx) => {
        signal = ctx.signal
        reached.open()
        return new Promise<string>(() => {})
      }
    )
    await reached.opened
    for (let i = 0; i < 5; i++) await setImmediate()
    controller.abort(new Error('closing'))
    await t.rejects(warmed, { message: 'closing' })
    t.ok(returned, 'the iterable is closed')
    if (where === 'a function') {
      t.match(signal?.reason, { message: 'closing' })
      t.equal(
        await cache.remember('key', { ttl: '1m' }, () => 'by remember'),
        'by remember',
        'it is not awaited'
      )
    }
    elsewhere.end('held')
    t.equal(await held, 'held')
    await t.rejects(cache.warm(['a'], { ttl: '1m', signal: controller.signal }, mustNotRun), {
      message: 'closing'
    })
  })
}

t.test(
  'a failing iterable or onProgress stops it, after the values in progress; a function that never ends is limited',
  async (t) => {
    const cache = createCache<string>({ store: memoryStore(), namespace: 'n' })
    const { fn, started, end } = gatedFn<string>()
    async function * broken () {
      yield 'a'
      await started
      throw new Error('cursor lost')
    }
    let isOver = false
    const warmed = cache.warm(broken(), { ttl: '1m' }, fn)
    warmed.catch(() => {
      isOver = true
    })
    await started
    await setImmediate()
    t.notOk(isOver)
    end('kept')
    await t.rejects(warmed, { message: 'cursor lost' })
    t.equal(await cache.get('a'), 'kept')

    await t.rejects(
      cache.warm(
        names(10),
        {
          ttl: '1m',
          onProgress () {
            throw new Error('no screen')
          }
        },
        () => 'v'
      ),
      { message: 'no screen' }
    )
    const summary = await cache.warm(
      ['slow'],
      { ttl: '1m', hardTimeout: 5 },
      () => new Promise<string>(() => {})
    )
    t.match(summary, {
      failed: 1,
      errors: [{ key: 'slow', error: { code: 'WEIR_CACHE_FILL_TIMEOUT' } }]
    })
  }
)

t.test(
  'an unreadable store: nothing is computed in vain; an unwritable one: not filled',
  async (t) => {
    const steered = steeredStore()
    const events = record(t, 'weir:cache:error')
    const cache = createCache<string>({ store: steered.store, namespace: 'n', l1: false })
    steered.before.get = () => {
      throw new Error('down')
    }
    const failed = { code: 'WEIR_CACHE_STORE_FAILED' }
    t.match(await cache.warm(names(120), { ttl: '1m' }, mustNotRun), {
      done: 120,
      failed: 120,
      errors: Array(10).fill({ error: failed })
    })
    t.equal(events.length, 120, 'the event reports each')

    steered.before = {
      set: () => {
        throw new Error('down')
      }
    }
    t.match(await cache.warm(['a'], { ttl: '1m' }, () => 'v'), {
      filled: 0,
      failed: 1,
      errors: [{ key: 'a', error: { ...failed, cause: { message: 'down' } } }]
    })
  }
)

t.test('invalid arguments fail at once', async (t) => {
  const cache = createCache<string>({ store: memoryStore(), namespace: 'n' })
  for (const concurrency of [0, -1, 1.5, NaN, Infinity]) {
    await t.rejects(cache.warm(['a'], { ttl: '1m', concurrency }, mustNotRun), {
      code: 'WEIR_CACHE_INVALID_OPTION'
    })
  }
  // @ts-expect-error a text is an iterable of its letters, and hardly meant
  const text: Parameters<typeof cache.warm>[0] = 42
  await t.rejects(cache.warm(text, { ttl: '1m' }, mustNotRun), {
    code: 'WEIR_CACHE_INVALID_OPTION'
  })
  await t.rejects(cache.warm('abc', { ttl: '1m' }, mustNotRun), {
    code: 'WEIR_CACHE_INVALID_OPTION',
    message: /'abc'/
  })
  await t.rejects(cache.warm(['a'], { ttl: '1m', tags: [''] }, mustNotRun), {
    code: 'WEIR_CACHE_INVALID_TAG'
  })
  for (const options of [
    5,
    null,
    { conurrency: 1 },
    { onProgress: 1 },
    { signal: 1 },
    { softTimeout: 1 },
    { tag: ['x'] }
  ]) {
    const wrong =
      typeof options === 'object' && options !== null ? { ttl: '1m', ...options } : options
    await t.rejects(
      cache.warm(['a'], wrong as never, mustNotRun),
      { code: 'WEIR_CACHE_INVALID_OPTION' },
      JSON.stringify(options)
    )
  }
  for (const fn of [undefined, 5]) {
    await t.rejects(cache.warm(['a'], { ttl: '1m' }, fn as never), {
      code: 'WEIR_CACHE_INVALID_OPTION',
      message: /^fn /
    })
  }
  await t.rejects(cache.warm(['a'], { ttl: -1 }, mustNotRun), {
    code: 'WEIR_CACHE_INVALID_DURATION'
  })
  await t.rejects(cache.warm(['a'], { ttl: '1m', hardTimeout: -1 }, mustNotRun), {
    code: 'WEIR_CACHE_INVALID_DURATION'
  })
  const byFunction = await cache.warm(['a'], { ttl: '1m', tags: () => [''] }, () => 'v')
  t.match(byFunction, { failed: 1, errors: [{ error: { code: 'WEIR_CACHE_INVALID_TAG' } }] })
  const small = createCache<string>({ store: memoryStore(), namespace: 'small', maxValueBytes: 3 })
  t.match(await small.warm(['a'], { ttl: '1m' }, () => 'long'), {
    failed: 1,
    errors: [{ error: { code: 'WEIR_CACHE_VALUE_TOO_LARGE' } }]
  })
})
