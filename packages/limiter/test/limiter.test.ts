import t from 'tap'
import {
  createLimiter,
  definePolicy,
  type LimiterOptions,
  memoryStore,
  type Policy
} from '../src/index.js'
import { stopMonotonic } from './clock.js'

const second = definePolicy({ name: 'second', limit: 10, window: 1000, burst: 2 })
const hour = definePolicy({
  name: 'hour',
  limit: 3,
  window: 3_600_000,
  algorithm: 'sliding-window'
})

t.test('a decision is complete', async (t) => {
  const clock = stopMonotonic(t)
  const limiter = createLimiter({ store: memoryStore() })
  t.strictSame(await limiter.consume('key', [second, hour]), {
    allowed: true,
    mode: 'shared',
    policies: [
      { policy: second, remaining: 1, resetMs: 100, effectiveMs: 100, retryAfterMs: 0 },
      { policy: hour, remaining: 2, resetMs: 3_600_000, effectiveMs: 3_600_000, retryAfterMs: 0 }
    ],
    violated: [],
    retryAfterMs: 0
  })
  await limiter.consume('key', [second, hour])
  t.strictSame(await limiter.consume('key', [second, hour]), {
    allowed: false,
    mode: 'shared',
    policies: [
      { policy: second, remaining: 0, resetMs: 200, effectiveMs: 100, retryAfterMs: 100 },
      { policy: hour, remaining: 1, resetMs: 3_600_000, effectiveMs: 3_600_000, retryAfterMs: 0 }
    ],
    violated: ['second'],
    retryAfterMs: 100
  })
  clock.advance(99.5)
  t.match(await limiter.peek('key', [second, hour]), { allowed: false, retryAfterMs: 1 })
  clock.advance(0.5)
  t.ok((await limiter.consume('key', [second, hour])).allowed, 'a retry after that time succeeds')
  t.match(await limiter.consume('key', [second, hour]), {
    violated: ['second', 'hour'],
    retryAfterMs: 3_599_900
  })
})

t.test('a cost is used completely or not at all', async (t) => {
  stopMonotonic(t)
  const limiter = createLimiter({ store: memoryStore() })
  t.match(await limiter.consume('key', [hour], { cost: 2 }), {
    allowed: true,
    policies: [{ remaining: 1 }]
  })
  t.match(await limiter.consume('key', [hour], { cost: 2 }), {
    allowed: false,
    policies: [{ remaining: 1 }]
  })
  t.match(await limiter.consume('key', [hour]), { allowed: true, policies: [{ remaining: 0 }] })
})

t.test('a request that can never be allowed is an error, not a wait', async (t) => {
  const limiter = createLimiter({ store: memoryStore() })
  const tooHigh = {
    name: 'LimiterError',
    code: 'WEIR_LIMITER_COST_TOO_HIGH',
    message: /cost of 3 exceeds the 2 that policy 'second' allows at once/
  }
  await t.rejects(limiter.consume('key', [hour, second], { cost: 3 }), tooHigh)
  await t.rejects(limiter.peek('key', [hour, second], { cost: 3 }), tooHigh)
  t.ok((await limiter.consume('key', [hour], { cost: 3 })).allowed)
})

t.test('mistakes of the caller are named errors', async (t) => {
  const limiter = createLimiter({ store: memoryStore() })
  const calls: Record<string, [key: unknown, policies: Policy[], options: object]> = {
    WEIR_LIMITER_INVALID_KEY: ['', [second], {}],
    WEIR_LIMITER_INVALID_POLICY: ['key', [], {}],
    WEIR_LIMITER_INVALID_OPTION: ['key', [second], { onFailure: 'shrug' }]
  }
  for (const [code, [key, policies, options]] of Object.entries(calls)) {
    await t.rejects(limiter.consume(String(key), policies, options), { code })
    await t.rejects(limiter.peek(String(key), policies, options), { code })
  }
  await t.rejects(
    limiter.consume('key', [second, definePolicy({ name: 'second', limit: 1, window: 1 })]),
    {
      code: 'WEIR_LIMITER_INVALID_POLICY',
      message: /another one has the same name/
    }
  )
  for (const cost of [0, -1, 0.5, NaN, Infinity]) {
    await t.rejects(limiter.consume('key', [second], { cost }), {
      code: 'WEIR_LIMITER_INVALID_COST'
    })
  }
  for (const options of [
    { instances: 0 },
    { instances: 1.5 },
    { instances: NaN },
    { onFailure: 'shrug' }
  ]) {
    // Options as plain JavaScript may pass them.
    const given = { store: memoryStore(), ...options } as unknown as LimiterOptions
    t.throws(() => createLimiter(given), { code: 'WEIR_LIMITER_INVALID_OPTION' })
  }
})
