import t, { type Test } from 'tap'
import { createCache, type Entry } from '../src/index.js'
import { isDueEarly } from '../src/remembering.js'
import { memoryStore } from '../src/stores/memory.js'
import { stopDate } from './clock.js'
import { gatedFn } from './gate.js'

/** Makes `Math.random` return this value until the end of the test. */
function draw (t: Test, value: number): void {
  t.intercept(Math, 'random', { value: () => value })
}

/** A function that takes 2 ms by the clock used to measure costs. */
function costly (t: Test): () => string {
  let now = 0
  t.intercept(performance, 'now', { value: () => now })
  return () => {
    now += 2
    return 'first'
  }
}

const entry = (cost: number): Entry<string> => ({
  value: '',
  stamp: 1,
  tags: [],
  storedAt: 0,
  freshUntil: 1000,
  staleUntil: 1000,
  errorUntil: 1000,
  keptFor: 0,
  filledBy: '',
  cost
})

t.test('a value that took longer to compute is due earlier, at random', (t) => {
  const table: [cost: number, drawn: number, dueFrom: number][] = [
    [100_000, 0, 1000],
    [100_000, 1 - Math.exp(-1), 900],
    [100_000, 1 - Math.exp(-3), 700],
    [200_000, 1 - Math.exp(-1), 800],
    [0, 0.999, 1000]
  ]
  for (const [cost, drawn, dueFrom] of table) {
    draw(t, drawn)
    t.equal(isDueEarly(entry(cost), dueFrom - 0.01), false)
    t.equal(isDueEarly(entry(cost), dueFrom + 0.01), true)
  }
  t.end()
})

for (const [what, l1] of [['memory', {}], ['the store', false]] as const) {
  t.test(`a fresh value from ${what} is served and refreshed meanwhile, once`, async (t) => {
    const date = stopDate(t)
    const cache = createCache<string>({ store: memoryStore(), namespace: 'n', l1 })
    const options = { ttl: '10s', earlyRefresh: true } as const
    await cache.remember('key', options, costly(t))
    // The draw makes it due at most 72 ms before it expires.
    draw(t, 1 - 2 ** -52)
    date.advance(9920)
    t.equal(await cache.remember('key', options, () => { throw new Error('too early') }), 'first')
    date.advance(79)
    t.equal(
      await cache.remember('key', { ttl: '10s' }, () => {
        throw new Error('not asked for')
      }),
      'first'
    )
    const slow = gatedFn<string>()
    let runs = 0
    const read = () => cache.remember('key', options, () => {
      runs++
      return slow.fn()
    })
    t.equal(await read(), 'first')
    await slow.started
    t.equal(await read(), 'first')
    slow.end('second')
    while (await cache.get('key') !== 'second') await new Promise(setImmediate)
    t.equal(runs, 1)
    date.advance(9000)
    t.equal(await cache.get('key'), 'second', 'its time begins anew')
  })
}

t.test('an instance uses a value that another has refreshed', async (t) => {
  const date = stopDate(t)
  const store = memoryStore()
  const [a, b] = [
    createCache<string>({ store, namespace: 'n' }),
    createCache<string>({ store, namespace: 'n' })
  ]
  const options = { ttl: '10s', earlyRefresh: true } as const
  await a.remember('key', options, costly(t))
  t.equal(await b.get('key'), 'first')
  date.advance(9999)
  await a.set('key', 'second', { ttl: '10s' })
  draw(t, 1 - 2 ** -52)
  t.equal(await b.remember('key', options, () => { throw new Error('it is there') }), 'second')
})
