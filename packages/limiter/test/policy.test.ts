import t from 'tap'
import { definePolicy, limitKey, type PolicyOptions } from '../src/index.js'
import { shareOf } from '../src/policy.js'

const good = { name: 'minute', limit: 100, window: 60_000 } as const

t.test('defaults are filled in', async (t) => {
  t.match(definePolicy(good), { ...good, algorithm: 'gcra', burst: 100, capacity: 100 })
  t.match(definePolicy({ ...good, burst: 5 }), { burst: 5, capacity: 5 })
  t.match(definePolicy({ ...good, algorithm: 'sliding-window' }), { capacity: 100 })
})

const bad: Record<string, [Record<string, unknown>, RegExp]> = {
  'no name': [{ name: '' }, /name of 1 to 128/],
  'a long name': [{ name: 'x'.repeat(129) }, /128/],
  'a name that no field can contain': [{ name: 'día' }, /printable ASCII/],
  'a name of another type': [{ name: 7 }, /name/],
  'a line break in the name': [{ name: 'a\nb' }, /printable ASCII/],
  'no limit': [{ limit: 0 }, /limit 0: use an integer from 1/],
  'half a limit': [{ limit: 1.5 }, /limit 1.5/],
  'a limit as text': [{ limit: '100' }, /limit '100'/],
  'a limit beyond counting': [{ limit: 1e12 }, /limit/],
  'no window': [{ window: 0 }, /window 0: use whole milliseconds/],
  'a window as text': [{ window: '1m' }, /window '1m'/],
  'part of a millisecond': [{ window: 0.5 }, /window 0.5/],
  'a window of two years': [{ window: 2 * 366 * 86_400_000 }, /366 days/],
  'a negative burst': [{ burst: -1 }, /burst -1/],
  'a burst that never comes back': [
    { limit: 1, window: 86_400_000, burst: 1000 },
    /burst 1000 takes longer than 366 days/
  ],
  'a burst of a sliding window': [
    { algorithm: 'sliding-window', burst: 5 },
    /sliding window has no burst/
  ],
  'an unknown algorithm': [
    { algorithm: 'fixed' },
    /algorithm 'fixed': use one of gcra, sliding-window/
  ],
  'an inherited one': [{ algorithm: 'toString' }, /algorithm 'toString'/]
}

for (const [what, [change, message]] of Object.entries(bad)) {
  t.test(`${what} is refused`, async (t) => {
    // Options as plain JavaScript may pass them.
    const options = { ...good, ...change } as unknown as PolicyOptions
    t.throws(() => definePolicy(options), {
      name: 'LimiterError',
      code: 'WEIR_LIMITER_INVALID_POLICY',
      message
    })
  })
}

t.test('each number is part of a budget\'s identity', async (t) => {
  const changes: Partial<PolicyOptions>[] = [
    {},
    { name: 'm' },
    { limit: 99 },
    { window: 60_001 },
    { burst: 99 },
    { algorithm: 'sliding-window' }
  ]
  t.equal(
    new Set(changes.map((change) => definePolicy({ ...good, ...change }).id)).size,
    changes.length
  )
  t.equal(definePolicy(good).id, definePolicy({ ...good, burst: 100 }).id)
})

t.test('a share is an equal part, at least 1', async (t) => {
  t.match(shareOf(definePolicy({ ...good, burst: 10 }), 3), {
    name: 'minute',
    limit: 33,
    window: 60_000,
    burst: 3
  })
  t.match(shareOf(definePolicy({ ...good, limit: 2 }), 4), { limit: 1, burst: 1, capacity: 1 })
  t.match(shareOf(definePolicy({ ...good, algorithm: 'sliding-window' }), 4), {
    limit: 25,
    capacity: 25
  })
  t.equal(shareOf(definePolicy(good), 1).id, definePolicy(good).id)
})

t.test('extreme numbers still count in integers', async (t) => {
  const day = 86_400_000
  for (const [limit, window, burst] of [
    [999_983, 366 * day, 999_983], [1_000_000_000, 1, 1_000_000_000], [1, 366 * day, 1],
    [1_000_000_000, 366 * day, 999_999_937], [1_000_000_000, 1, 1]
  ] as const) {
    const { meter: [highest, unit, leak] } = definePolicy({ name: 'odd', limit, window, burst })
    t.ok(
      [highest, unit, leak].every((value) => Number.isSafeInteger(value) && value > 0),
      `${[highest, unit, leak].join()}`
    )
    t.ok(highest <= 2 ** 52 + burst && highest === burst * unit)
    const rate = leak / unit / (limit / (window * 1000))
    t.ok(rate <= 1 && rate > 1 - 1e-6, `${rate} of the rate`)
  }
})

t.test('groups are separate, whatever the identity is', async (t) => {
  t.equal(limitKey('search', 'user:42'), 'search:user:42')
  t.not(limitKey('a', 'b:c'), limitKey('a.b', 'c'))
  for (const group of ['', 'a:b', 'a b', 'ä']) {
    t.throws(() => limitKey(group, 'x'), { code: 'WEIR_LIMITER_INVALID_KEY' })
  }
})
