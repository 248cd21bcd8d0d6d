import t from 'tap'
import { createLimiter, definePolicy, memoryStore } from '../src/index.js'
import { stopMonotonic } from './clock.js'
import { SteeredStore } from './steered-store.js'

const policy = definePolicy({ name: 'p', limit: 10, window: 1000, burst: 1 })
const slow = definePolicy({ name: 'slow', limit: 1, window: 60_000 })

function setUp () {
  const store = new SteeredStore(memoryStore())
  return { store, limiter: createLimiter({ store }) }
}

t.test(
  'a denial is answered without the store until its time is over, and stays accurate',
  async (t) => {
    const clock = stopMonotonic(t)
    const { store, limiter } = setUp()
    await limiter.consume('key', [policy])
    t.match(await limiter.consume('key', [policy]), { allowed: false, retryAfterMs: 100 })
    t.equal(store.takes, 2)
    for (let i = 0; i < 99; i++) {
      clock.advance(1)
      const denied = await limiter.consume('key', [policy])
      if (
        denied.allowed ||
        denied.retryAfterMs !== 99 - i ||
        denied.policies[0]?.resetMs !== 99 - i
      ) { t.fail(`after ${i + 1} ms`) }
      t.strictSame(denied.violated, ['p'])
    }
    t.equal(store.takes, 2)
    clock.advance(1)
    t.ok((await limiter.consume('key', [policy])).allowed)
  }
)

t.test('it applies to that key, those policies and that cost', async (t) => {
  stopMonotonic(t)
  const { store, limiter } = setUp()
  const two = definePolicy({ name: 'p', limit: 10, window: 1000, burst: 2 })
  await limiter.consume('key', [two])
  t.notOk((await limiter.consume('key', [two], { cost: 2 })).allowed)
  t.ok((await limiter.consume('key', [two])).allowed, 'another cost')
  t.notOk((await limiter.consume('key', [two])).allowed)
  t.ok((await limiter.consume('other', [two])).allowed, 'another key')
  t.ok((await limiter.consume('key', [policy])).allowed, 'a changed policy')
  t.notOk((await limiter.consume('key', [slow, two])).allowed, 'other policies')
  t.equal(store.takes, 7)
})

t.test(
  'a slow answer ends no later, and its content ends no earlier',
  async (t) => {
    const clock = stopMonotonic(t)
    const { store, limiter } = setUp()
    await limiter.consume('key', [policy])
    // The store decides now; its answer takes 40 ms.
    store.after = async () => {
      clock.advance(40)
    }
    t.match(await limiter.consume('key', [policy]), { retryAfterMs: 100 })
    store.after = async () => {}
    clock.advance(59)
    t.match(await limiter.consume('key', [policy]), { retryAfterMs: 41 })
    t.equal(store.takes, 2)
    clock.advance(1)
    t.ok(
      (await limiter.consume('key', [policy])).allowed,
      '100 ms after it was asked the store is asked again'
    )
  }
)

t.test('after a second the store is asked again, whatever it answered', async (t) => {
  const clock = stopMonotonic(t)
  const { store, limiter } = setUp()
  await limiter.consume('key', [slow])
  t.match(await limiter.consume('key', [slow]), { retryAfterMs: 60_000 })
  // Another instance resets the key.
  await store.store.reset('key')
  clock.advance(999)
  t.match(await limiter.consume('key', [slow]), { allowed: false, retryAfterMs: 59_001 })
  clock.advance(1)
  t.ok((await limiter.consume('key', [slow])).allowed)
})

t.test('a local reset takes effect at once, also for an answer in flight', async (t) => {
  const clock = stopMonotonic(t)
  const { store, limiter } = setUp()
  await limiter.consume('key', [slow])
  await limiter.consume('other', [slow])
  await limiter.consume('key', [slow])
  await limiter.consume('other', [slow])
  const asked = store.takes
  await limiter.reset('key')
  t.notOk((await limiter.consume('other', [slow])).allowed, 'another key is still remembered')
  t.equal(store.takes, asked)
  t.ok((await limiter.consume('key', [slow])).allowed)

  store.after = async () => {
    store.after = async () => {}
    clock.advance(1)
    await limiter.reset('key')
  }
  t.notOk((await limiter.consume('key', [slow])).allowed, 'decided before the reset')
  clock.advance(1)
  t.ok((await limiter.consume('key', [slow])).allowed)
})

t.test('peek asks the store', async (t) => {
  stopMonotonic(t)
  const { store, limiter } = setUp()
  await limiter.consume('key', [slow])
  await limiter.consume('key', [slow])
  t.notOk((await limiter.peek('key', [slow])).allowed)
  t.equal(store.peeks, 1)
})

t.test('the number of remembered denials per key is limited', async (t) => {
  stopMonotonic(t)
  const { store, limiter } = setUp()
  const many = definePolicy({ name: 'many', limit: 100, window: 3_600_000 })
  await limiter.consume('key', [many], { cost: 100 })
  const deny = async (from: number, to: number) => {
    for (let cost = from; cost <= to; cost++) {
      t.notOk((await limiter.consume('key', [many], { cost })).allowed)
    }
  }
  await deny(1, 9)
  t.equal(store.takes, 10)
  await deny(2, 9)
  t.equal(store.takes, 10)
  await deny(1, 1)
  t.equal(store.takes, 11, 'the eight last')
})

t.test('the table is limited: the oldest denials are requested again', async (t) => {
  stopMonotonic(t)
  const { store, limiter } = setUp()
  for (let i = 0; i <= 10_000; i++) {
    await limiter.consume(`key-${i}`, [slow])
    await limiter.consume(`key-${i}`, [slow])
  }
  const asked = store.takes
  await limiter.consume('key-10000', [slow])
  t.equal(store.takes, asked)
  await limiter.consume('key-0', [slow])
  t.equal(store.takes, asked + 1)
})
