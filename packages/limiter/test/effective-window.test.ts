import { parseList } from 'structured-headers'
import t from 'tap'
import {
  createLimiter,
  type Decision,
  definePolicy,
  formatRateLimit,
  formatRetryAfter,
  memoryStore,
  type Policy
} from '../src/index.js'
import { stopMonotonic } from './clock.js'
import { Model } from './model.js'
import { Random } from '@weir/internal/testing'

const HOUR = 3_600_000
const bucket = definePolicy({ name: 'p', limit: 100, window: 60_000 })
const evened = definePolicy({ name: 'p', limit: 100, window: 60_000, burst: 12 })
const forgiving = definePolicy({ name: 'p', limit: 50, window: 1000, burst: 100 })
const large = definePolicy({ name: 'p', limit: 10_000, window: 1_000_000 })
const log = definePolicy({ name: 'p', limit: 10, window: 60_000, algorithm: 'sliding-window' })
const coarse = definePolicy({ name: 'p', limit: 1000, window: HOUR, algorithm: 'sliding-window' })

const TABLE: readonly [what: string, policy: Policy, costs: readonly number[], field: string][] = [
  ['GCRA: as long as the policy takes to provide the amount', bucket, [1], '"p";r=99;t=60'],
  ['half of it', bucket, [50], '"p";r=50;t=30'],
  ['nothing left: until there is one', bucket, [100], '"p";r=0;t=1'],
  ['the example of section 8.5: not 10,000 in 10 s', large, [1], '"p";r=9999;t=1000'],
  ['a burst below the limit', evened, [1], '"p";r=11;t=7'],
  ['all of that', evened, [12], '"p";r=0;t=1'],
  ['a burst above the limit', forgiving, [1], '"p";r=99;t=2'],
  ['a sliding window: what is used now is back then', log, [4], '"p";r=6;t=60'],
  ['what was used before is back earlier', log, [5, 20_000, 1], '"p";r=4;t=40'],
  ['at the rate of the policy at most', log, [5, 59_000, 1], '"p";r=4;t=24'],
  ['nothing left: until the first is over', log, [5, 50_000, 5], '"p";r=0;t=10'],
  ['a large window: at most a 256th longer', coarse, [1], '"p";r=999;t=3600'],
  ['a denial: like Retry-After', bucket, [90, 0, 60], '"p";r=10;t=30']
]

t.test('r and t, for each algorithm and with bursts', async (t) => {
  for (const [what, policy, costs, field] of TABLE) {
    await t.test(what, async (t) => {
      const clock = stopMonotonic(t, HOUR)
      const limiter = createLimiter({ store: memoryStore() })
      let decision: Decision | undefined
      for (const [i, cost] of costs.entries()) {
        if (i % 2 === 1) clock.advance(cost)
        else decision = await limiter.consume('key', [policy], { cost })
      }
      t.equal(formatRateLimit(decision?.policies ?? []), field)
    })
  }
})

t.test('several policies: all of them, and for a denial those that denied', async (t) => {
  stopMonotonic(t)
  const limiter = createLimiter({ store: memoryStore() })
  const policies = [
    definePolicy({ name: 'second', limit: 10, window: 1000 }),
    definePolicy({ name: 'hour', limit: 20, window: HOUR }),
    definePolicy({ name: 'day', limit: 1000, window: 24 * HOUR })
  ]
  const consume = (cost: number) => limiter.consume('key', policies, { cost })
  t.equal(
    formatRateLimit((await consume(10)).policies),
    '"second";r=0;t=1, "hour";r=10;t=1800, "day";r=990;t=85536'
  )
  const one = await consume(1)
  t.equal(
    formatRateLimit(one.policies),
    '"second";r=0;t=1',
    'the hour would not be over when Retry-After is'
  )
  t.equal(formatRetryAfter(one), '1')
  const both = await limiter.consume('key', policies.slice(0, 2), { cost: 10 })
  t.equal(formatRateLimit(both.policies), '"second";r=0;t=1')
})

const pools: readonly [Policy, ...Policy[]] = [
  definePolicy({ name: 'even', limit: 10, window: 1000 }),
  definePolicy({ name: 'one at a time', limit: 7, window: 9000, burst: 1 }),
  definePolicy({ name: 'thirds', limit: 3, window: 7000, burst: 5 }),
  definePolicy({ name: 'hour', limit: 40, window: HOUR, burst: 60 }),
  definePolicy({ name: 'log', limit: 10, window: 10_000, algorithm: 'sliding-window' }),
  definePolicy({ name: 'last one', limit: 1, window: 3333, algorithm: 'sliding-window' }),
  definePolicy({ name: 'moments', limit: 300, window: 10_000, algorithm: 'sliding-window' })
]

/** Parses the items of the field: r and t by policy name. */
function read (field: string): Map<unknown, { r: number, t: number }> {
  return new Map(
    parseList(field).map(([name, parameters]) => [
      name,
      { r: Number(parameters.get('r')), t: Number(parameters.get('t')) }
    ])
  )
}

const fork = (model: Model) => {
  const copy = new Model()
  for (const [id, uses] of model.uses) copy.uses.set(id, [...uses])
  return copy
}

const SECOND = 1_000_000

/** Picks moments of a span, in order, with the parts of an amount used at each. */
function spreadOver (random: Random, amount: number, from: number, span: number) {
  const uses: { at: number, part: number }[] = []
  for (let left = amount; left > 0;) {
    const part = uses.length === 5 ? left : random.integer(1, left)
    uses.push({ at: from + random.integer(0, span), part })
    left -= part
  }
  return uses.sort((a, b) => a.at - b.at)
}

for (let seed = 1; seed <= 12; seed++) {
  t.test(`the field is accurate, seed ${seed}`, async (t) => {
    const clock = stopMonotonic(t)
    const random = new Random(seed)
    const limiter = createLimiter({ store: memoryStore() })
    const truth = new Model()
    const now = () => Math.floor(clock.now * 1000)
    let [allowed, denied] = [0, 0]
    for (let step = 0; step < 150 && t.passing(); step++) {
      const chosen = [
        ...new Set([random.pick(pools), random.pick(pools)].slice(0, random.integer(1, 2)))
      ]
      const cost =
        random.next() < 0.8
          ? 1
          : random.integer(1, Math.min(...chosen.map(({ capacity }) => capacity)))
      clock.advance(
        random.pick([0, 0, 0, 1, 40, random.integer(0, 3000), random.integer(0, 30_000)])
      )
      const decision = await limiter.consume('key', chosen, { cost })
      if (decision.allowed) truth.use(chosen, cost, now())
      const said = read(formatRateLimit(decision.policies))
      const fail = (what: string) =>
        t.fail(`step ${step}: ${formatRateLimit(decision.policies)}: ${what}`)

      for (const policy of chosen) {
        const item = said.get(policy.name)
        if (item === undefined) {
          if (decision.allowed || decision.violated.includes(policy.name)) {
            fail(`without ${policy.name}`)
          }
          continue
        }
        if (!decision.allowed) {
          denied++
          if (item.t > Number(formatRetryAfter(decision))) fail('later than Retry-After')
          if (
            fork(truth)
              .take([policy], cost, now() + item.t * SECOND)
              .some(({ wait }) => wait > 0)
          ) { fail('denied after t') }
          continue
        }
        allowed++
        if (item.r * policy.window > item.t * 1000 * policy.limit) {
          fail('a higher rate than the policy')
        }
        const spread = fork(truth)
        for (const { at, part } of spreadOver(random, item.r, now(), item.t * SECOND)) {
          if (spread.take([policy], part, at).some(({ wait }) => wait > 0)) {
            fail('r within t is denied')
          }
        }
        const again = fork(truth)
        if (item.r > 0) again.use([policy], item.r, now())
        const later = now() + item.t * SECOND
        if (
          item.r === 0 &&
          item.t > 1 &&
          again.peek([policy], 1, later - SECOND).every(({ wait }) => wait === 0)
        ) { fail('t is too long') }
        if (again.peek([policy], Math.max(1, item.r), later).some(({ wait }) => wait > 0)) {
          fail('not r again after t')
        }
      }
      // A client that follows the strictest of several policies is never denied.
      if (decision.allowed) {
        const least = Math.min(...[...said.values()].map(({ r }) => r))
        const longest = Math.max(...[...said.values()].map(({ t }) => t))
        const together = fork(truth)
        if (least > 0 && together.take(chosen, least, now()).some(({ wait }) => wait > 0)) {
          fail('the least r is denied')
        }
        if (
          together
            .take(chosen, Math.max(1, least), now() + longest * SECOND)
            .some(({ wait }) => wait > 0)
        ) { fail('and again') }
      }
    }
    t.ok(allowed > 50 && denied > 10, `${allowed} allowed, ${denied} denied`)
  })
}
