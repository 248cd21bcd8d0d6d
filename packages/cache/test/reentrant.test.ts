import { setImmediate as turn } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { createCache, Fill } from '../src/index.js'
import { memoryStore } from '../src/stores/memory.js'
import { stopTimers } from './clock.js'
import { gate, gatedFn, mustNotRun } from './gate.js'
import { randomFrom } from './random.js'
import { until } from './redis-node.js'
import { outcomesOf, REFUSED } from './refusals.js'
import { steeredStore } from './steered-store.js'

/*
 * Fills that request each other within one process. Each test would take the fillTimeout if the
 * cycle went unnoticed.
 */
const HOUR = 3_600_000
const OPTIONS = { ttl: '1m', tags: ['tag'] } as const
const newCache = (store = memoryStore(), namespace = 'n') =>
  createCache<string>({ store, namespace, fillTimeout: HOUR })

t.test('a fill that requests its own key', async (t) => {
  const cache = newCache()
  await t.rejects(
    cache.remember('a', OPTIONS, () => cache.remember('a', OPTIONS, mustNotRun)),
    REFUSED('a')
  )
  t.equal(cache.stats().flights, 0)
  t.equal(await cache.remember('a', OPTIONS, () => 'value'), 'value', 'and nothing is left of it')
})

t.test('a fill that catches the error continues', async (t) => {
  const cache = newCache()
  const value = cache.remember('a', OPTIONS, () =>
    cache.remember('a', OPTIONS, mustNotRun).catch(() => 'fallback')
  )
  t.equal(await value, 'fallback')
  t.equal(await cache.get('a'), 'fallback')
})

t.test('through other keys, and through other namespaces of the store', async (t) => {
  const store = memoryStore()
  const [one, two] = [newCache(store, 'one'), newCache(store, 'two')]
  for (const [first, second] of [[one, one], [one, two]] as const) {
    const asks = first.remember('a', OPTIONS, () =>
      second.remember('b', OPTIONS, () =>
        first.remember('c', OPTIONS, () =>
          first.remember('a', OPTIONS, mustNotRun))))
    await t.rejects(asks, REFUSED('a'))
    t.equal(first.stats().flights + second.stats().flights, 0)
  }
})

t.test('by a caller that passes no function', async (t) => {
  const cache = newCache()
  const fill = await cache.acquire('a')
  if (!('run' in fill)) throw new Error('a fill was expected')
  await t.rejects(fill.run(() => cache.acquire('a')), REFUSED('a'))
  fill.fail()
})

t.test('two concurrent fills that request each other: the second request is refused', async (t) => {
  const cache = newCache()
  const [a, b] = [gate(), gate()]
  const first = cache.remember('a', OPTIONS, async () => {
    await a.opened
    return `a of ${await cache.remember('b', OPTIONS, (): string => mustNotRun())}`
  })
  const second = cache.remember('b', OPTIONS, async () => {
    await b.opened
    return `b without ${await cache.remember('a', OPTIONS, mustNotRun).catch((error: { code: string }) => error.code)}`
  })
  a.open()
  await turn()
  b.open()
  t.equal(await second, 'b without WEIR_CACHE_REENTRANT_FILL')
  t.equal(await first, 'a of b without WEIR_CACHE_REENTRANT_FILL')
})

t.test('three that request each other in a cycle: one is refused', async (t) => {
  const cache = newCache()
  const start = gate()
  const ask = (key: string, next: string) => cache.remember(key, OPTIONS, async () => {
    await start.opened
    return `${key}${await cache.remember(next, OPTIONS, mustNotRun).catch(() => '!')}`
  })
  const asked = [ask('a', 'b'), ask('b', 'c'), ask('c', 'a')]
  start.open()
  t.strictSame(await Promise.all(asked), ['abc!', 'bc!', 'c!'])
})

t.test('a fill that requests several keys at once', async (t) => {
  const cache = newCache()
  const start = gate()
  const a = cache.remember('a', OPTIONS, async () => {
    await start.opened
    const parts = await Promise.allSettled(
      ['b', 'b', 'c'].map((key) => cache.remember(key, OPTIONS, () => key))
    )
    return parts.map((part) => part.status).join()
  })
  const b = cache.remember('b', OPTIONS, async () => {
    await start.opened
    return cache.remember('a', OPTIONS, mustNotRun).catch(() => 'b')
  })
  start.open()
  t.equal(await a, 'fulfilled,fulfilled,fulfilled')
  t.equal(await b, 'b')
})

t.test(
  'fills that fail while others they have started continue do not start each other forever',
  async (t) => {
    const cache = newCache()
    let runs = 0
    const ask = (key: string, other: string): Promise<string> =>
      cache.remember(key, OPTIONS, async () => {
        if (++runs > 100) throw new Error('for ever')
        await Promise.all([Promise.reject(new Error('at once')), ask(other, key)])
        return key
      })
    t.match(await Promise.allSettled([ask('a', 'b'), ask('b', 'a')]), [
      { status: 'rejected' },
      { status: 'rejected' }
    ])
    await until('nothing is left', async () => cache.stats().flights === 0)
    t.ok(runs < 10, `${runs} runs`)
  }
)

t.test('with a key whose last value could not be shared', async (t) => {
  const cache = newCache()
  for (const key of ['a', 'b']) {
    const fill = await cache.acquire(key)
    if ('abandon' in fill) fill.abandon()
  }
  const asks = cache.remember('a', OPTIONS, () =>
    cache.remember('b', OPTIONS, () => cache.remember('a', OPTIONS, mustNotRun))
  )
  await t.rejects(asks, REFUSED('a'))
})

t.test('a fill that has timed out has no waiters: it may request its key', async (t) => {
  const timers = stopTimers(t)
  const cache = newCache()
  const [slow, started] = [gate(), gate()]
  const own = cache.remember('a', OPTIONS, async () => {
    started.open()
    await slow.opened
    return cache.remember('a', OPTIONS, mustNotRun)
  })
  await started.opened
  timers.advance(HOUR)
  t.equal(await cache.remember('a', OPTIONS, () => 'other'), 'other')
  slow.open()
  t.equal(await own, 'other')
})

t.test('a background refill is not part of the fill that started it', async (t) => {
  const cache = newCache()
  await cache.remember('stale', { ttl: 0, staleWhileRevalidate: '1h' }, () => 'old')
  const refilled = gate<string>()
  const a = cache.remember('a', OPTIONS, () => cache.remember('stale', OPTIONS, async () => {
    refilled.open(await cache.remember('a', OPTIONS, mustNotRun))
    return 'new'
  }))
  t.equal(await a, 'old')
  t.equal(await refilled.opened, 'old', 'it may wait for that fill')
})

t.test('a background refill that requests its own key gets the stale value', async (t) => {
  const cache = newCache()
  await cache.remember('stale', { ttl: 0, staleWhileRevalidate: '1h' }, () => 'old')
  const asked = gate<string>()
  await cache.remember('stale', OPTIONS, async () => {
    asked.open(await cache.remember('stale', OPTIONS, mustNotRun))
    return 'new'
  })
  t.equal(await asked.opened, 'old')
})

t.test('code left running by an ended fill is not part of it', async (t) => {
  const cache = newCache()
  const tick = gate()
  let left: Promise<string> | undefined
  await cache.remember('a', OPTIONS, () => {
    left = tick.opened.then(() => cache.remember('a', { ...OPTIONS }, () => 'second'))
    return 'first'
  })
  await cache.invalidate(['tag'])
  tick.open()
  t.equal(await left, 'second')
})

t.test('nor the code that it runs while its value is being stored', async (t) => {
  const { store, before } = steeredStore()
  const cache = createCache<string>({ store, namespace: 'n', fillTimeout: HOUR, l1: false })
  const storing = gate()
  before.set = () => storing.opened
  const fill = await cache.acquire('a')
  // While any fill's function runs, the origin of requests is known.
  const other = await cache.acquire('other')
  if (!(fill instanceof Fill) || !(other instanceof Fill)) throw new Error('no fill')
  other.run(() => {})
  const asked = fill.run(async () => {
    const committed = fill.commit('value', () => OPTIONS)
    await turn()
    const again = cache.remember('a', OPTIONS, mustNotRun)
    storing.open()
    return [(await committed).result, await again]
  })
  t.strictSame(await asked, ['stored', 'value'], 'it waits as any other does')
  other.abandon()
})

t.test('nor of a fill that continues around the ended one, but of that', async (t) => {
  const cache = newCache()
  const tick = gate()
  let left: Promise<string> | undefined
  const outer = cache.remember('outer', OPTIONS, async () => {
    await cache.remember('inner', OPTIONS, () => {
      left = tick.opened.then(() => cache.remember('outer', OPTIONS, mustNotRun))
      return 'value'
    })
    tick.open()
    return left ?? ''
  })
  await t.rejects(outer, REFUSED('outer'))
})

t.test('the same key of another store is different: caches may be layered', async (t) => {
  const [near, far] = [newCache(), newCache()]
  t.equal(
    await near.remember('a', OPTIONS, () => far.remember('a', OPTIONS, () => 'value')),
    'value'
  )
})

t.test('two caches of one namespace are one', async (t) => {
  const store = memoryStore()
  const [one, two] = [newCache(store), newCache(store)]
  await t.rejects(
    one.remember('a', OPTIONS, () => two.remember('a', OPTIONS, mustNotRun)),
    REFUSED('a')
  )
})

t.test('reads within a fill do not wait for fills', async (t) => {
  const cache = newCache()
  const value = await cache.remember('a', OPTIONS, async () => {
    t.equal(cache.lookup('a'), undefined)
    t.equal(await cache.get('a'), undefined)
    t.equal(await cache.find('a'), undefined)
    t.equal(await cache.has('a'), false)
    t.strictSame(await cache.getMany(['a', 'b']), [undefined, undefined])
    t.ok(await cache.set('a', 'set', OPTIONS))
    return await cache
      .remember('b', OPTIONS, () => cache.remember('a', OPTIONS, mustNotRun))
      .catch(() => 'b is refused')
  })
  t.match(value, /set|refused/)
})

t.test('a caller outside of all fills may wait for any', async (t) => {
  const cache = newCache()
  const slow = gatedFn<string>()
  const a = cache.remember('a', OPTIONS, () => cache.remember('b', OPTIONS, slow.fn))
  await slow.started
  const others = ['a', 'b'].map((key) => cache.remember(key, OPTIONS, mustNotRun))
  slow.end('value')
  t.strictSame(await Promise.all([a, ...others]), ['value', 'value', 'value'])
})

t.test('generated: fills that request others at random', async (t) => {
  for (let seed = 1; seed <= 200; seed++) await generated(t, seed)
})

/**
 * Every key requests some others, one after the other or concurrently; those requested from outside
 * all begin at once.
 */
async function generated (t: Test, seed: number): Promise<void> {
  const random = randomFrom(seed)
  const keys = Array.from({ length: 2 + random(6) }, (_, i) => `k${i}`)
  const acyclic = random(2) === 0
  const asks = new Map(keys.map((key, i) => {
    const others = acyclic ? keys.slice(i + 1) : keys
    return [key, others.filter(() => random(3) === 0)]
  }))
  const [cache, atOnce] = [newCache(), random(2) === 0]
  const ask = (key: string): Promise<string> => cache.remember(key, OPTIONS, async () => {
    for (let pause = random(4); pause > 0; pause--) await turn()
    const next = asks.get(key) ?? []
    if (atOnce) await Promise.all(next.map(ask))
    else for (const other of next) await ask(other)
    return key
  })
  const outcomes = await outcomesOf(keys.map(ask))
  if (outcomes === 'some wait') throw new Error(`seed ${seed}: some wait for ever`)
  for (const [i, key] of keys.entries()) {
    const outcome = outcomes[i]
    const cycle = reachesCycle(asks, key)
    if (!cycle && outcome !== key) {
      t.fail(`seed ${seed}: ${key} is refused without a cycle: ${outcome}`)
    }
    if (cycle && outcome !== 'WEIR_CACHE_REENTRANT_FILL') {
      t.fail(`seed ${seed}: ${key} has a value in spite of a cycle: ${outcome}`)
    }
  }
  // Fills may briefly outlive the refusal of one of them.
  await until(`seed ${seed}: nothing is left`, async () => cache.stats().flights === 0)
}

/** Reports whether a key requests, directly or indirectly, one that requests itself. */
function reachesCycle (asks: ReadonlyMap<string, readonly string[]>, from: string): boolean {
  const reach = (key: string) => {
    const found = new Set(asks.get(key))
    for (const next of found) for (const other of asks.get(next) ?? []) found.add(other)
    return found
  }
  return [from, ...reach(from)].some((key) => reach(key).has(key))
}
