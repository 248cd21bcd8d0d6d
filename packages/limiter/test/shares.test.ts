import t, { type Test } from 'tap'
import {
  createLimiter,
  definePolicy,
  type Limiter,
  memoryStore,
  type Policy
} from '../src/index.js'
import { stopTimers } from './clock.js'
import { Model } from './model.js'
import { Random } from '@weir/internal/testing'
import { SteeredStore } from './steered-store.js'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const daily = definePolicy({ name: 'day', limit: 100, window: DAY, algorithm: 'sliding-window' })

const policies: readonly [Policy, ...Policy[]] = [
  daily,
  definePolicy({ name: 'hour', limit: 60, window: HOUR }),
  definePolicy({ name: 'smooth', limit: 90, window: HOUR, burst: 20 }),
  definePolicy({ name: 'forgiving', limit: 30, window: HOUR, burst: 70 })
]

/** Maximum use in any span of one window. */
const most = ({ algorithm, limit, burst }: Policy) =>
  algorithm === 'gcra' ? limit + burst - 1 : limit

/** Instances that share a store, each of which may lose it and see another number of instances. */
class Fleet {
  readonly stores: SteeredStore[] = []
  readonly limiters: Limiter[] = []
  readonly told: number[] = []
  /** The use of each instance's share, and the total use of all. */
  readonly weighed: Model[] = []
  readonly local = new Model()
  readonly all = new Model()

  constructor (
    t: Test,
    readonly clock: { advance(ms: number): Promise<void> },
    readonly size: number
  ) {
    const shared = memoryStore()
    for (let i = 0; i < size; i++) {
      const store = new SteeredStore(shared)
      this.stores.push(store)
      this.told.push(size)
      this.weighed.push(new Model())
      this.limiters.push(createLimiter({ store, instances: () => this.told[i] ?? 1 }))
    }
    t.teardown(() => {
      for (const limiter of this.limiters) limiter.close()
    })
  }

  async request (i: number, policy: Policy, cost: number): Promise<boolean> {
    const decision = await this.limiters[i]?.consume('key', [policy], { cost })
    if (decision?.allowed !== true) return false
    const now = Math.floor(performance.now() * 1000)
    this.all.use([policy], cost, now)
    if (decision.mode === 'local') {
      this.local.use([policy], cost, now)
      this.weighed[i]?.use([policy], cost * (this.told[i] ?? 1), now)
    }
    return true
  }

  gone (i: number) {
    this.stores[i]?.fail()
  }

  back (i: number) {
    this.stores[i]?.recover()
  }
}

t.test('100 per day stay 100 while the number of instances goes from 1 to 5 and back', async (t) => {
  const fleet = new Fleet(t, stopTimers(t), 1)
  fleet.gone(0)
  let allowed = 0
  for (const instances of [1, 2, 3, 4, 5, 4, 3, 2, 1]) {
    fleet.told[0] = instances
    for (let i = 0; i < 150; i++) if (await fleet.request(0, daily, 1)) allowed++
  }
  t.equal(allowed, 100)
})

t.test(
  'a used share stays used when there are fewer instances: the others used theirs',
  async (t) => {
    const fleet = new Fleet(t, stopTimers(t), 4)
    const used = async () => {
      let allowed = 0
      for (let i = 0; i < 4; i++) {
        fleet.gone(i)
        for (let request = 0; request < 40; request++) {
          if (await fleet.request(i, daily, 1)) allowed++
        }
      }
      return allowed
    }
    t.equal(await used(), 100)
    fleet.told.fill(2)
    t.equal(await used(), 0)
    fleet.told.fill(1)
    await fleet.clock.advance(DAY)
    fleet.told.fill(4)
    t.equal(await used(), 100, 'the next day')
  }
)

t.test('a share continues where it was when the store fails again', async (t) => {
  const fleet = new Fleet(t, stopTimers(t), 1)
  let local = 0
  for (let outage = 0; outage < 6; outage++) {
    fleet.gone(0)
    fleet.told[0] = 2 + outage % 3
    for (let i = 0; i < 60; i++) {
      const { allowed, mode } = await fleet.limiters[0]?.consume('key', [daily]) ?? {}
      if (allowed === true && mode === 'local') local++
    }
    fleet.back(0)
    await fleet.clock.advance(300)
    const { mode } = await fleet.limiters[0]?.consume('other', [daily]) ?? {}
    t.equal(mode, 'shared')
  }
  t.equal(local, 50)
})

for (let seed = 1; seed <= 20; seed++) {
  t.test(`generated outages, seed ${seed}: no client gets a new share`, async (t) => {
    const random = new Random(seed)
    const size = random.integer(1, 5)
    const fleet = new Fleet(t, stopTimers(t), size)
    const policy = random.pick(policies)
    const any = () => random.integer(0, size - 1)
    for (let step = 0; step < 400; step++) {
      const dice = random.next()
      if (dice < 0.06) fleet.gone(any())
      else if (dice < 0.1) fleet.back(any())
      else if (dice < 0.13) for (let i = 0; i < size; i++) fleet.gone(i)
      else if (dice < 0.15) for (let i = 0; i < size; i++) fleet.back(i)
      // The real number or more: with fewer, each would rightly have more.
      else if (dice < 0.25) fleet.told[any()] = size + random.integer(0, 7)
      else if (dice < 0.35) await fleet.clock.advance(random.integer(0, policy.window / 20))
      else if (dice < 0.4) await fleet.clock.advance(300)
      else {
        const i = any()
        const cost = random.next() < 0.9 ? 1 : random.integer(1, Math.floor(policy.capacity / 12))
        for (let times = random.pick([1, 1, 5, 30]); times > 0; times--) {
          await fleet.request(i, policy, cost)
        }
      }
    }
    for (const [i, model] of fleet.weighed.entries()) {
      t.ok(
        model.busiest(policy) <= most(policy),
        `instance ${i}: ${model.busiest(policy)} of ${most(policy)}`
      )
    }
    t.ok(
      fleet.local.busiest(policy) <= most(policy),
      `without the store: ${fleet.local.busiest(policy)} of ${most(policy)}`
    )
    t.ok(fleet.all.busiest(policy) <= 2 * most(policy), `at all: ${fleet.all.busiest(policy)}`)

    // Not less either: after a pause each has its share.
    await fleet.clock.advance(policy.window * Math.ceil(policy.capacity / policy.limit))
    for (let i = 0; i < size; i++) {
      fleet.gone(i)
      await fleet.limiters[i]?.consume('other', [policy])
      let allowed = 0
      while (await fleet.request(i, policy, 1)) allowed++
      t.equal(allowed, Math.floor(policy.capacity / (fleet.told[i] ?? 1)))
    }
  })
}
