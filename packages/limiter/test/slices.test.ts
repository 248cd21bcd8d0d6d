import { randomUUID } from 'node:crypto'
import { Random, startRedis } from '@weir/internal/testing'
import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import {
  createLimiter,
  type Decision,
  definePolicy,
  type Limiter,
  type LimitStore,
  type Policy
} from '../src/index.js'
import { redisStore } from '../src/stores/redis/index.js'
import type { LeaseTerms } from '../src/store.js'
import { stopTimers } from './clock.js'
import { Model } from './model.js'
import { SteeredRedis } from './steered-redis.js'

const START = Date.UTC(2030, 0, 1) * 1000

// Whole milliseconds everywhere, which is the unit in which denials are remembered.
const second = definePolicy({ name: 'second', limit: 1000, window: 1000 })
const slow = definePolicy({ name: 'slow', limit: 400, window: 2000, burst: 600 })
const log = definePolicy({ name: 'log', limit: 1000, window: 2560, algorithm: 'sliding-window' })
const short = definePolicy({ name: 'short', limit: 300, window: 256, algorithm: 'sliding-window' })
const small = definePolicy({ name: 'small', limit: 100, window: 1000 })
const lists: readonly [readonly Policy[], ...(readonly Policy[])[]] = [
  [second], [log], [slow], [short], [second, log], [log, slow], [small]
]

const server = await startRedis(t)

/** Instances of one fleet over a stopped clock, and the exact record of what they allowed. */
class Fleet {
  readonly truth = new Model()
  readonly limiters: Limiter[] = []
  readonly dead = new Set<number>()
  readonly key = randomUUID()
  asked = 0
  allowed = 0
  denied = 0
  now = START

  constructor (
    readonly t: Test,
    readonly redis: SteeredRedis,
    readonly clock: { advance(ms: number): Promise<void> },
    instances: number
  ) {
    for (let i = 0; i < instances; i++) {
      const store = redis.store(() => !this.dead.has(i))
      const lease: LimitStore['lease'] = (...question) => {
        this.asked++
        return store.lease?.(...question) ?? Promise.reject(new Error('no slices'))
      }
      this.limiters.push(createLimiter({ store: { ...store, lease }, onFailure: 'closed' }))
    }
    t.teardown(() => {
      for (const limiter of this.limiters) limiter.close()
    })
  }

  async advance (ms: number): Promise<void> {
    this.now += ms * 1000
    this.redis.now = this.now
    await this.clock.advance(ms)
    await this.redis.quiet()
  }

  /** Makes requests at one moment. */
  async requests (
    instances: readonly number[],
    policies: readonly Policy[],
    cost: number
  ): Promise<Decision[]> {
    const decisions = await Promise.all(
      instances.map(async (i) => this.limiters[i]?.consume(this.key, policies, { cost }))
    )
    const shared = decisions.flatMap((decision) => (decision?.mode === 'shared' ? [decision] : []))
    for (const { allowed } of shared) {
      if (allowed) this.truth.use(policies, cost, this.now)
    }
    this.allowed += shared.filter(({ allowed }) => allowed).length
    this.denied += shared.filter(({ allowed }) => !allowed).length
    return shared
  }

  /** The real remainder now; negative if too much was used. */
  left (policies: readonly Policy[], cost = 1) {
    return this.truth.peek(policies, cost, this.now)
  }

  tooMuch (policies: readonly Policy[]): string | undefined {
    const truth = this.left(policies)
    const i = truth.findIndex(
      ({ remaining }, i) => -remaining > (policies[i]?.capacity ?? 0) / 100
    )
    return i < 0 ? undefined : `${policies[i]?.name}: ${-(truth[i]?.remaining ?? 0)} too much`
  }
}

async function fleet (t: Test, instances: number): Promise<Fleet> {
  const client = await server.connect()
  return new Fleet(t, new SteeredRedis(client, START), stopTimers(t), instances)
}

/**
 * Generates changing traffic: from one instance or all, slow or fast, single requests and floods.
 */
async function traffic (
  fleet: Fleet,
  random: Random,
  steps: number,
  each: (decisions: Decision[], policies: readonly Policy[], cost: number) => boolean
) {
  const all = fleet.limiters.map((_, i) => i)
  let [policies, gap, cost, sticky, many] = [lists[0], 5, 1, 0, 1]
  for (let i = 0; i < steps; i++) {
    if (i % 25 === 0) {
      policies = random.pick(lists)
      gap = random.pick([0, 1, 3, 10, 40, 200])
      cost = random.pick([1, 1, 1, 2, 5, 30])
      sticky = random.integer(0, all.length * 2)
      many = random.pick([1, 1, 1, 3, 12])
    }
    if (gap > 0) await fleet.advance(random.integer(0, gap))
    if (random.next() < 0.02) await fleet.advance(random.pick([300, 999, 1000, 1300, 4000]))
    const from = Array.from({ length: many }, () =>
      sticky < all.length ? sticky : random.integer(0, all.length - 1)
    )
    if (!each(await fleet.requests(from, policies, cost), policies, cost)) return
  }
}

for (const seed of [1, 2, 3, 4, 5, 6]) {
  t.test(`instances together allow what one would, and never more than 1% extra, seed ${seed}`, async (t) => {
    const instances = [1, 2, 3, 5][seed % 4] ?? 1
    const tested = await fleet(t, instances)
    await traffic(tested, new Random(seed), 700, (decisions, policies, cost) => {
      const over = tested.tooMuch(policies)
      if (over !== undefined) t.fail(over)
      const mayAll = tested.left(policies, cost).every(({ wait }) => wait === 0)
      if (mayAll && decisions.some(({ allowed }) => !allowed)) {
        t.fail(`denied a cost of ${cost} of ${policies.map(({ name }) => name).join()}`)
      }
      if (instances === 1) {
        const truth = tested.left(policies)
        for (const { policies: told } of decisions.slice(-1)) {
          told.forEach(({ policy, remaining }, i) => {
            if (remaining - (truth[i]?.remaining ?? 0) > policy.capacity / 100) {
              t.fail(`said ${remaining}, and ${truth[i]?.remaining} are left`)
            }
          })
        }
      }
      return t.passing()
    })
    t.ok(
      tested.denied > 20 && tested.allowed > 300 && tested.asked < tested.allowed,
      `${tested.allowed} allowed, ${tested.denied} denied`
    )
  })
}

t.test('instances that die lose their slice, and nothing more is allowed because of it', async (t) => {
  const tested = await fleet(t, 4)
  const random = new Random(9)
  let step = 0
  await traffic(tested, random, 500, (_decisions, policies) => {
    // The instance returns as another one, with empty memory.
    if (++step % 40 === 0) tested.dead.add(random.integer(0, 3))
    const over = tested.tooMuch(policies)
    if (over !== undefined) t.fail(over)
    return t.passing() && tested.dead.size < 4
  })
  t.ok(tested.dead.size > 0)
})

t.test('a lost slice reduces the budget for one window, not longer', async (t) => {
  const tested = await fleet(t, 2)
  for (let i = 0; i < 20; i++) {
    await tested.advance(5)
    await tested.requests([0], [log], 1)
  }
  tested.dead.add(0)
  await tested.advance(2561)
  const decisions = []
  for (let i = 0; i < 1000; i++) decisions.push(...await tested.requests([1], [log], 1))
  t.equal(decisions.filter(({ allowed }) => allowed).length, 1000)
})

t.test('far from the limit most decisions are local, near it the store makes all', async (t) => {
  const tested = await fleet(t, 1)
  const run = async (times: number, gap: number) => {
    const before = tested.asked
    for (let i = 0; i < times; i++) {
      await tested.advance(gap)
      await tested.requests([0], [log], 1)
    }
    return (tested.asked - before) / times
  }
  t.ok(await run(200, 1) < 0.3, 'as the budget is full')
  await run(300, 0)
  t.equal(await run(100, 1), 1, 'as more than half is used')
})

t.test('slow clients have no slices: each slice would be returned', async (t) => {
  const tested = await fleet(t, 1)
  for (let i = 0; i < 20; i++) {
    await tested.advance(600)
    await tested.requests([0], [second], 1)
  }
  t.equal(tested.asked, 20)
})

t.test('the rest of a slice is returned in time, and when a limiter is closed', async (t) => {
  const tested = await fleet(t, 2)
  const left = async () => (await tested.redis.store().peek(tested.key, [log], 1))[0]?.remaining
  // Sent to the store: the first, the second, and the fifth, which brings a slice of five. The
  // sixth uses it.
  const burst = async () => {
    for (let i = 0; i < 6; i++) {
      await tested.advance(1)
      await tested.requests([0], [log], 1)
    }
  }
  await burst()
  t.equal(tested.asked, 3)
  t.equal(await left(), 995, 'others can use amounts in a slice, used or not')
  await tested.advance(1250)
  t.equal(await left(), 994, 'what was used is used')
  t.equal(tested.asked, 4)
  await tested.advance(1000)
  t.equal(tested.asked, 4, 'and that is that')
  await burst()
  t.equal(await left(), 989)
  tested.limiters[0]?.close()
  await tested.redis.quiet()
  t.equal(await left(), 988)
})

t.test('a reset makes earlier slices worthless', async (t) => {
  const tested = await fleet(t, 1)
  for (let i = 0; i < 10; i++) { await tested.advance(1); await tested.requests([0], [second], 1) }
  await tested.limiters[0]?.reset(tested.key)
  const { asked } = tested
  await tested.advance(1)
  await tested.requests([0], [second], 1)
  t.equal(tested.asked, asked + 1)
})

t.test(
  'if others use much of the budget, the reported remainder does not come from memory for long',
  async (t) => {
    const tested = await fleet(t, 2)
    let worst = 0
    for (let i = 0; i < 100; i++) {
      await tested.advance(2)
      const [decision] = await tested.requests([0], [slow], 1)
      worst =
        i < 10
          ? 0
          : Math.max(
            worst,
            (decision?.policies[0]?.remaining ?? 0) - (tested.left([slow])[0]?.remaining ?? 0)
          )
      if (i % 2 === 0) await tested.requests([1], [slow], 3)
    }
    t.ok(worst <= 6 + 3, `${worst} more than there was`)
  }
)

t.test('a slice that is returned twice counts once', async (t) => {
  const client = new Redis(server.url)
  t.teardown(() => { client.disconnect() })
  const store = redisStore({ client })
  const lease = (cost: number, terms: LeaseTerms) =>
    store.lease?.('twice', [log], cost, terms) ?? Promise.reject(new Error('no slices'))
  const wants = { wanted: 2, back: undefined }
  const [mine, other] = [await lease(1, wants), await lease(1, wants)]
  t.strictSame([mine.slice.amount, other.slice.amount], [2, 2])
  const returned = { wanted: 0, back: { slice: mine.slice, unused: 2 } }
  await lease(0, returned)
  await lease(0, returned)
  // Slices hold at most 5 of 1,000: the other one has 2.
  const { slice } = await lease(0, { wanted: 10, back: undefined })
  t.equal(slice.amount, 3)
})
