import t, { type Test } from 'tap'
import { createCache, Fill } from '../src/index.js'
import { guardedStore } from '../src/stores/guarded.js'
import { memoryStore } from '../src/stores/memory.js'
import { stopDate } from './clock.js'
import { record } from './events.js'
import { steeredStore } from './steered-store.js'

const OPTIONS = { ttl: '10s', staleIfError: '1m', tags: ['tag'] } as const
const STALE = { ...OPTIONS, onOutage: 'stale' } as const

/** A cache with a value in memory, whose store then fails or becomes untrusted. */
const outages: Record<string, (t: Test) => Promise<ReturnType<typeof createCache<string>>>> = {
  async 'a store that fails' () {
    const steered = steeredStore({ judgesLocally: false })
    const cache = createCache<string>({ store: steered.store, namespace: 'n' })
    await cache.remember('key', OPTIONS, () => 'kept')
    for (const method of ['get', 'claim', 'isValid', 'stamp', 'set'] as const) {
      steered.before[method] = () => { throw new Error('timeout') }
    }
    return cache
  },
  async 'a store that is not trusted' () {
    let trusted = true
    const cache = createCache<string>({
      store: guardedStore(memoryStore(), () => trusted),
      namespace: 'n'
    })
    await cache.remember('key', OPTIONS, () => 'kept')
    trusted = false
    return cache
  }
}

for (const [name, begin] of Object.entries(outages)) {
  t.test(name, async (t) => {
    await t.test('by default values are computed', async (t) => {
      const cache = await begin(t)
      t.equal(await cache.remember('key', OPTIONS, () => 'computed'), 'computed')
      t.equal(await cache.find('key'), undefined)
    })

    await t.test('stale: the value in memory is used, and not refreshed in the background', async (t) => {
      const cache = await begin(t)
      const { misses } = cache.stats()
      const hits = record(t, 'weir:cache:hit')
      const mustNotRun = () => { throw new Error('computed') }
      t.equal(await cache.remember('key', STALE, mustNotRun), 'kept')
      const values = await Promise.all(
        [1, 2, 3].map(() => cache.remember('key', STALE, mustNotRun))
      )
      t.strictSame(values, ['kept', 'kept', 'kept'])
      t.match(await cache.find('key', STALE), {
        stale: true,
        unverified: true,
        source: 'l1',
        entry: { value: 'kept' }
      })
      t.equal(hits.length, 5)
      t.match(hits, Array(5).fill({ namespace: 'n', key: 'key', source: 'l1', stale: true }))
      t.equal(cache.stats().misses, misses)
    })

    await t.test('stale: a value missing from memory is computed', async (t) => {
      const cache = await begin(t)
      t.equal(await cache.remember('other', STALE, () => 'computed'), 'computed')
    })

    await t.test('stale: not beyond its windows', async (t) => {
      const date = stopDate(t)
      const cache = await begin(t)
      date.advance(69_999)
      t.equal((await cache.find('key', STALE))?.entry.value, 'kept')
      date.advance(1)
      t.ok(await cache.acquire('key', STALE) instanceof Fill)
    })
  })
}

t.test('stale: a value known to be invalid is not used', async (t) => {
  const steered = steeredStore()
  const cache = createCache<string>({ store: steered.store, namespace: 'n' })
  await cache.remember('key', OPTIONS, () => 'kept')
  await cache.invalidate(['tag'])
  steered.before.claim = () => { throw new Error('timeout') }
  t.equal(await cache.remember('key', STALE, () => 'computed'), 'computed')
})
