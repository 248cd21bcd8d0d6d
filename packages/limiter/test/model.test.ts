import { join } from 'node:path'
import t, { type Test } from 'tap'
import { definePolicy, type LimitStore, memoryStore, type Policy } from '../src/index.js'
import { sqliteStore } from '../src/stores/sqlite/index.js'
import { stopDate, stopMonotonic } from './clock.js'
import { Model } from './model.js'
import { Random, startRedis } from '@weir/internal/testing'
import { SteeredRedis } from './steered-redis.js'

const SECOND = 1_000_000
const DAY = 86_400_000

/** A store on a clock that the test sets, in microseconds; `tick` is its resolution. */
interface Stepped {
  readonly store: LimitStore
  readonly tick: number
  set (now: number): void
}

const START = Date.UTC(2030, 0, 1) * 1000

const stores: Record<string, (t: Test) => Promise<Stepped>> = {
  async memory (t) {
    const clock = stopMonotonic(t, START / 1000)
    // A number of that size cannot represent a thousandth of a millisecond; the rounded value is
    // below the next whole one.
    return {
      store: memoryStore(),
      tick: 1000,
      set: (now) => {
        clock.advance(now / 1000 - clock.now)
      }
    }
  },
  async sqlite (t) {
    const clock = stopDate(t)
    const store = sqliteStore({ file: join(t.testdir(), 'limits.db') })
    t.teardown(() => store.close())
    return { store, tick: 1000, set: (now) => { clock.advance(now / 1000 - clock.now) } }
  },
  /** The actual script in a real Redis, except for the time. */
  async redis (t) {
    const redis = new SteeredRedis(await (await startRedis(t)).connect(), START)
    return { store: redis.store(), tick: 1, set: (now) => { redis.now = now } }
  }
}

const policies: readonly [Policy, ...Policy[]] = [
  definePolicy({ name: 'even', limit: 10, window: 1000 }),
  definePolicy({ name: 'one at a time', limit: 7, window: 1000, burst: 1 }),
  definePolicy({ name: 'thirds', limit: 3, window: 1000, burst: 5 }),
  definePolicy({ name: 'fast', limit: 999_983, window: 1000, burst: 20 }),
  definePolicy({ name: 'long', limit: 1000, window: DAY, burst: 30 }),
  definePolicy({ name: 'short', limit: 5, window: 7 }),
  definePolicy({ name: 'log', limit: 10, window: 1000, algorithm: 'sliding-window' }),
  definePolicy({ name: 'last one', limit: 1, window: 333, algorithm: 'sliding-window' }),
  definePolicy({ name: 'moments', limit: 400, window: 10_000, algorithm: 'sliding-window' })
]

const STEPS = 600

for (const [name, open] of Object.entries(stores)) {
  for (const seed of [1, 2, 3, 4, 5, 6]) {
    t.test(`${name} decides like the model, seed ${seed}`, async (t) => {
      const stepped = await open(t)
      const { store, tick } = stepped
      const random = new Random(seed)
      const model = new Model()
      let now = START
      let allowed = 0
      const goOn = (microseconds: number) => { now += Math.ceil(microseconds / tick) * tick }

      for (let i = 0; i < STEPS; i++) {
        const chosen = [
          ...new Set([random.pick(policies), random.pick(policies)].slice(0, random.integer(1, 2)))
        ]
        const capacity = Math.min(...chosen.map(({ capacity }) => capacity))
        const cost = random.next() < 0.7 ? 1 : random.integer(1, capacity)
        goOn(
          random.pick([
            0,
            0,
            1,
            random.integer(0, 20_000),
            random.integer(0, 100_000),
            2 * SECOND * random.next() ** 6
          ])
        )
        stepped.set(now)

        const looked = await store.peek('key', chosen, cost)
        const said = await store.take('key', chosen, cost)
        const expected = {
          looked: model.peek(chosen, cost, now),
          said: model.take(chosen, cost, now)
        }
        const wait = Math.max(...said.map(({ wait }) => wait))
        if (wait === 0) allowed++
        if (JSON.stringify({ looked, said }) !== JSON.stringify(expected)) {
          t.strictSame(
            { looked, said },
            expected,
            `step ${i}, cost ${cost} of ${chosen.map(({ name }) => name).join(' and ')}`
          )
          return
        }
        // The reported wait is accurate: a retry fails a moment earlier, and succeeds then.
        if (wait > 0 && random.next() < 0.3) {
          if (wait > tick) {
            stepped.set(now + Math.ceil(wait / tick) * tick - tick)
            if ((await store.peek('key', chosen, cost)).every(({ wait }) => wait === 0)) {
              t.fail(`step ${i}: too early`)
            }
          }
          goOn(wait)
          stepped.set(now)
          if ((await store.take('key', chosen, cost)).some(({ wait }) => wait > 0)) {
            t.fail(`step ${i}: waiting did not help`)
          }
          model.take(chosen, cost, now)
        }
      }

      t.ok(allowed > STEPS / 5 && allowed < STEPS * 4 / 5, `${allowed} of ${STEPS} were allowed`)
      for (const policy of policies) {
        const most = policy.algorithm === 'gcra' ? policy.limit + policy.burst - 1 : policy.limit
        t.ok(
          model.busiest(policy) <= most,
          `${policy.name}: at most ${most} in any window, ${model.busiest(policy)}`
        )
      }
    })
  }
}

t.test('GCRA never denies a client that complies with "limit per window", however unevenly', async (t) => {
  const clock = stopMonotonic(t)
  const random = new Random(7)
  const store = memoryStore()
  const asked = { limit: 20, window: 1000 }
  const kept = definePolicy({ name: 'kept', ...asked, algorithm: 'sliding-window' })
  const limited = definePolicy({ name: 'limited', ...asked })
  let [sent, denied] = [0, 0]
  for (let i = 0; i < 5000; i++) {
    clock.advance(random.pick([0, 0, 0, 1, 10, random.integer(0, 1500)]))
    if ((await store.take('client', [kept], 1)).some(({ wait }) => wait > 0)) continue
    sent++
    if ((await store.take('server', [limited], 1)).some(({ wait }) => wait > 0)) denied++
  }
  t.ok(sent > 1000 && sent < 5000, `${sent} sent`)
  t.equal(denied, 0)
})

t.test('no boundary allows a double share', async (t) => {
  const clock = stopMonotonic(t)
  const store = memoryStore()
  const through = async (policy: Policy) => {
    let count = 0
    // Uses everything just before a boundary of whole seconds, and everything just after it.
    clock.advance(100_000 - clock.now % 100_000 + 990)
    for (let i = 0; i < 100; i++) if ((await store.take('key', [policy], 1))[0]?.wait === 0) count++
    clock.advance(20)
    for (let i = 0; i < 100; i++) if ((await store.take('key', [policy], 1))[0]?.wait === 0) count++
    return count
  }
  t.equal(
    await through(
      definePolicy({ name: 'log', limit: 10, window: 1000, algorithm: 'sliding-window' })
    ),
    10
  )
  t.equal(await through(definePolicy({ name: 'gcra', limit: 10, window: 1000 })), 10)
  t.equal(await through(definePolicy({ name: 'even', limit: 10, window: 1000, burst: 1 })), 1)
})
