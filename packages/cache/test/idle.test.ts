import { randomInt } from 'node:crypto'
import t from 'tap'
import { createCache } from '../src/index.js'
import { fakeClock, testStore } from '../src/testing/index.js'
import { gate } from './gate.js'
import { randomFrom } from './random.js'

const turn = () => new Promise((resolve) => { setImmediate(resolve) })

t.test('a cache without pending work is idle at once, and reads do not count', async (t) => {
  const store = testStore()
  const cache = createCache<string>({ store, namespace: 'n' })
  t.equal(await cache.idle(), true)
  store.before.get = () => gate().opened
  cache.get('key').catch(() => {})
  t.equal(await cache.idle(), true)
})

t.test('it is idle when the last work has ended, never earlier', async (t) => {
  const seed = randomInt(2 ** 31)
  const random = randomFrom(seed)
  for (let round = 0; round < 100; round++) {
    const clock = fakeClock()
    try {
      const store = testStore({ judgesLocally: random(2) === 0 })
      const cache = createCache<string>({
        store,
        namespace: 'n',
        ...(random(3) === 0 && { l1: false })
      })
      const options = {
        ttl: '1m',
        staleWhileRevalidate: '1h',
        staleIfError: '1h',
        tags: ['tag']
      } as const
      for (const key of ['a', 'b']) await cache.set(key, 'old', options)
      if (random(2) === 0) await clock.advance('2m')
      let open = 0
      const gates = new Set<() => void>()
      const work = async () => {
        const held = gate()
        open++
        gates.add(held.open)
        await held.opened
        open--
      }
      // Holds each store call except reads, and each function, until the test releases it.
      for (const operation of [
        'set',
        'claim',
        'invalidate',
        'replace',
        'clear',
        'callStamp',
        'delete'
      ] as const) {
        if (random(2) === 0) store.before[operation] = work
      }
      const key = () => ['a', 'b', 'c'][random(3)] ?? 'a'
      const fn = async () => {
        await work()
        if (random(3) === 0) throw new Error('no value')
        return 'new'
      }
      const ask = [
        () => cache.remember(key(), options, fn),
        () => cache.remember(key(), { ...options, softTimeout: 1 }, fn),
        () => cache.set(key(), 'set', options),
        () => cache.delete(key()),
        () => cache.invalidate(['tag']),
        () => cache.clear()
      ]
      for (let i = 0; i <= random(6); i++) ask[random(ask.length)]?.().catch(() => {})
      const results: boolean[] = []
      cache.idle().then((result) => { results.push(result) }, () => {})
      for (let steps = 0; results.length === 0 && steps < 200; steps++) {
        await turn()
        if (results.length > 0) break
        if (random(2) === 0) await clock.advance(1)
        for (const go of gates) {
          if (random(2) === 0) continue
          gates.delete(go)
          go()
        }
      }
      if (results[0] !== true || open > 0) {
        t.fail(`seed ${seed}, round ${round}: ${JSON.stringify(results)} with ${open} under way`)
      }
    } finally {
      clock.restore()
    }
  }
  t.pass(`seed ${seed}`)
})

t.test(
  'it waits at most fillTimeout, whatever the test\'s clock shows',
  async (t) => {
    const clock = fakeClock()
    t.teardown(() => {
      clock.restore()
    })
    const store = testStore()
    const cache = createCache<string>({ store, namespace: 'n', fillTimeout: 20 })
    const held = gate<string>()
    const value = cache.remember('key', { ttl: '1m' }, () => held.opened)
    t.equal(await cache.idle(), false)
    held.open('value')
    await value
    t.equal(await cache.idle(), true)
    store.freeze()
    const write = cache.set('key', 'value', { ttl: '1m' })
    t.equal(await cache.idle(), false)
    store.restore()
    await write
    t.equal(await cache.idle(), true)
  }
)
