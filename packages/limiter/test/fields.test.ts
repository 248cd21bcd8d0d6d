import { parseList } from 'structured-headers'
import t from 'tap'
import {
  createLimiter,
  definePolicy,
  formatRateLimit,
  formatRateLimitPolicy,
  formatRetryAfter,
  memoryStore
} from '../src/index.js'
import { stopMonotonic } from './clock.js'

const second = definePolicy({ name: 'second', limit: 10, window: 1000 })
const minute = definePolicy({ name: 'minute', limit: 100, window: 60_000, burst: 12 })

t.test('RateLimit-Policy', async (t) => {
  t.equal(formatRateLimitPolicy([minute]), '"minute";q=100;w=60;weir-burst=12')
  t.equal(
    formatRateLimitPolicy([second, minute]),
    '"second";q=10;w=1, "minute";q=100;w=60;weir-burst=12'
  )
  t.equal(
    formatRateLimitPolicy([definePolicy({ name: 'x', limit: 1, window: 1 })]),
    '"x";q=1;w=1',
    'never 0'
  )
  t.equal(
    formatRateLimitPolicy([definePolicy({ name: 'x', limit: 1, window: 1500 })]),
    '"x";q=1;w=2'
  )
})

t.test('RateLimit and Retry-After', async (t) => {
  const clock = stopMonotonic(t)
  const limiter = createLimiter({ store: memoryStore() })
  const policies = [second, minute]
  let decision = await limiter.consume('key', policies)
  t.equal(formatRateLimit(decision.policies), '"second";r=9;t=1, "minute";r=11;t=7')
  t.equal(formatRetryAfter(decision), '0')
  decision = await limiter.consume('key', policies, { cost: 9 })
  t.equal(formatRateLimit(decision.policies), '"second";r=0;t=1, "minute";r=2;t=2')
  clock.advance(1000)
  decision = await limiter.consume('key', policies, { cost: 7 })
  t.notOk(decision.allowed)
  t.equal(
    formatRateLimit(decision.policies),
    '"minute";r=3;t=2',
    'of the one that denied: as Retry-After'
  )
  t.equal(formatRetryAfter(decision), '2')
  clock.advance(2000)
  t.ok((await limiter.consume('key', policies, { cost: 7 })).allowed, 'which is true')
  t.equal(formatRateLimit([]), '')
})

t.test('a parser of structured fields restores any name', async (t) => {
  for (const name of [
    'plain',
    'with space',
    'quote " in it',
    'back\\slash',
    '"',
    '\\"',
    ';q=1, "x"'
  ]) {
    const [[value, parameters] = []] = parseList(
      formatRateLimitPolicy([definePolicy({ name, limit: 100, window: 60_000 })])
    )
    t.equal(value, name)
    t.strictSame(
      parameters,
      new Map([
        ['q', 100],
        ['w', 60]
      ])
    )
  }
  const largest = definePolicy({ name: 'x', limit: 1_000_000_000, window: 366 * 86_400_000 })
  t.equal(parseList(formatRateLimitPolicy([largest])).length, 1)
})
