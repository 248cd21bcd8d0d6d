import t from 'tap'
import { createCache, Fill } from '../src/index.js'
import { memoryStore } from '../src/stores/memory.js'

/* Tests for callers that compute independently: `acquire` with `beside`. */
const OPTIONS = { ttl: '1m' } as const

async function fill (acquired: Promise<unknown>): Promise<Fill<string>> {
  const found = await acquired
  if (found instanceof Fill) return found as Fill<string>
  throw new Error('a hit')
}

t.test(
  'it neither waits nor lets others wait, and sharing nothing affects only itself',
  async (t) => {
    const cache = createCache<string>({ store: memoryStore(), namespace: 'beside' })
    const before = await fill(cache.acquire('key', { beside: true }))
    const leader = await fill(cache.acquire('key'))
    const within = await fill(cache.acquire('key', { beside: true }))
    before.abandon()
    within.abandon()
    const waiting = cache.acquire('key')
    await leader.commit('value', () => OPTIONS)
    t.match(await waiting, { source: 'coalesced', entry: { value: 'value' } })
    t.match(
      await cache.acquire('key', { beside: true }),
      { source: 'l1' },
      'it uses stored values'
    )
  }
)

t.test('a value that turns out to be shareable is stored', async (t) => {
  const cache = createCache<string>({ store: memoryStore(), namespace: 'beside' })
  const own = await fill(cache.acquire('key', { beside: true }))
  t.match(await own.commit('value', () => OPTIONS), { result: 'stored' })
  t.match(await cache.acquire('key'), { source: 'l1', entry: { value: 'value' } })
})

t.test(
  'a value that turns out to be private costs other callers one more run, and `mayBeOwn` callers none',
  async (t) => {
    const cache = createCache<string>({ store: memoryStore(), namespace: 'withdrawn' })
    const first = await fill(cache.acquire('key', { mayBeOwn: true }))
    const like = cache.acquire('key', { mayBeOwn: true })
    const others = Array.from({ length: 5 }, () => cache.acquire('key'))
    first.withdraw()
    const own = await fill(like)
    const found = await Promise.race(others)
    if (!(found instanceof Fill)) throw new Error('a hit')
    own.withdraw()
    await found.commit('value', () => OPTIONS)
    const rest = (await Promise.all(others)).filter((other) => other !== found)
    t.match(
      rest,
      Array.from({ length: 4 }, () => ({ source: 'coalesced', entry: { value: 'value' } }))
    )
    t.match(await cache.acquire('key'), { source: 'l1' })
  }
)
