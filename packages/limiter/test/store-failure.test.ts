import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import t, { type Test } from 'tap'
import {
  createLimiter,
  definePolicy,
  type LimiterOptions,
  type LimitStore,
  memoryStore
} from '../src/index.js'
import { stopTimers } from './clock.js'
import { SteeredStore } from './steered-store.js'

const policy = definePolicy({ name: 'p', limit: 8, window: 1000 })

function setUp (t: Test, options: Omit<LimiterOptions, 'store'> = {}) {
  const clock = stopTimers(t)
  const store = new SteeredStore(memoryStore())
  const errors: unknown[] = []
  const note = (message: unknown) => { errors.push(message) }
  subscribe('weir:limiter:error', note)
  t.teardown(() => unsubscribe('weir:limiter:error', note))
  return { clock, store, errors, limiter: createLimiter({ store, ...options }) }
}

t.test('local: each instance enforces its own share, and reports that', async (t) => {
  const { clock, store, limiter } = setUp(t, { instances: 4 })
  store.fail()
  t.match(await limiter.consume('key', [policy]), {
    allowed: true,
    mode: 'local',
    policies: [
      { policy: { name: 'p', limit: 2, window: 1000, burst: 2 }, remaining: 1, resetMs: 500 }
    ]
  })
  t.match(await limiter.peek('key', [policy]), {
    allowed: true,
    mode: 'local',
    policies: [{ remaining: 1 }]
  })
  t.ok((await limiter.consume('key', [policy])).allowed)
  t.match(await limiter.consume('key', [policy]), {
    allowed: false,
    mode: 'local',
    violated: ['p'],
    retryAfterMs: 500
  })
  await clock.advance(500)
  t.ok((await limiter.consume('key', [policy])).allowed)
})

t.test('the number of instances may change', async (t) => {
  let instances = 2
  const { store, limiter } = setUp(t, { instances: () => instances })
  store.fail()
  t.match(await limiter.consume('key', [policy]), { policies: [{ policy: { limit: 4 } }] })
  instances = 100
  t.match(
    await limiter.consume('key', [policy]),
    { policies: [{ policy: { limit: 1, burst: 1 } }] },
    '1 at least'
  )
  for (const odd of [0, -1, NaN]) {
    instances = odd
    t.match(await limiter.peek('key', [policy]), { policies: [{ policy: { limit: 8 } }] })
  }
})

t.test('a cost above a share takes all of it', async (t) => {
  const { clock, store, limiter } = setUp(t, { instances: 4 })
  store.fail()
  t.match(await limiter.consume('key', [policy], { cost: 8 }), {
    allowed: true,
    policies: [{ remaining: 0 }]
  })
  t.match(await limiter.consume('key', [policy], { cost: 8 }), {
    allowed: false,
    retryAfterMs: 1000
  })
  await clock.advance(1000)
  t.ok((await limiter.consume('key', [policy], { cost: 8 })).allowed)
})

t.test('open and closed report that nothing is counted', async (t) => {
  const { store, limiter } = setUp(t, { onFailure: 'open' })
  store.fail()
  const nothing = { policies: [], violated: [] }
  for (let i = 0; i < 20; i++) {
    t.strictSame(await limiter.consume('key', [policy]), {
      allowed: true,
      mode: 'open',
      ...nothing,
      retryAfterMs: 0
    })
  }
  t.strictSame(await limiter.consume('key', [policy], { onFailure: 'closed' }), {
    allowed: false,
    mode: 'closed',
    ...nothing,
    retryAfterMs: 250
  })
  t.match(
    await limiter.consume('key', [policy], { onFailure: 'local' }),
    { allowed: true, mode: 'local' },
    'each call uses its own setting'
  )
  t.match(await limiter.peek('key', [policy]), { mode: 'open' })
})

t.test(
  'a failing store gets no requests until a background probe is answered',
  async (t) => {
    const { clock, store, errors, limiter } = setUp(t)
    store.fail()
    for (let i = 0; i < 5; i++) await limiter.consume(`key-${i}`, [policy])
    t.equal(store.asked, 1)
    t.match(errors, [
      { operation: 'consume', key: 'key-0', error: { message: 'no answer' } },
      ...Array.from({ length: 4 }, () => ({ error: { code: 'WEIR_LIMITER_STORE_UNAVAILABLE' } }))
    ])
    for (const [i, pause] of [50, 100, 200, 250, 250].entries()) {
      await clock.advance(pause)
      t.match(await limiter.consume('key', [policy]), { mode: 'local' })
      t.strictSame([store.asked, store.probes], [1, i + 1], 'no call serves as the probe')
    }
    store.recover()
    await clock.advance(250)
    t.match(
      await Promise.all([limiter.consume('key', [policy]), limiter.consume('key', [policy])]),
      [
        { mode: 'shared', policies: [{ remaining: 7 }] },
        { mode: 'shared', policies: [{ remaining: 6 }] }
      ]
    )
    await clock.advance(10_000)
    t.equal(store.probes, 6, 'and there is no other')
  }
)

t.test('a store without a probe is peeked at', async (t) => {
  const clock = stopTimers(t)
  const inner = memoryStore()
  const peeked: string[] = []
  let isGone = true
  const store: LimitStore = {
    ...inner,
    take: async (...args) => isGone ? Promise.reject(new Error('gone')) : inner.take(...args),
    peek: async (key, ...args) => {
      peeked.push(key)
      return inner.peek(key, ...args)
    }
  }
  const limiter = createLimiter({ store })
  t.match(await limiter.consume('key', [policy]), { mode: 'local' })
  isGone = false
  await clock.advance(50)
  t.strictSame(peeked, ['key'], 'for the key that failed')
  t.match(await limiter.consume('key', [policy]), { mode: 'shared' })
})

t.test('an error reply of Redis is an answer: the next call asks again', async (t) => {
  const { store, limiter } = setUp(t)
  store.before = async () => { throw Object.assign(new Error('OOM'), { name: 'ReplyError' }) }
  t.match(await limiter.consume('key', [policy]), { mode: 'local' })
  t.match(await limiter.consume('key', [policy]), { mode: 'local' })
  t.equal(store.asked, 2)
  store.recover()
  t.match(await limiter.consume('key', [policy]), { mode: 'shared' })
})

t.test('a closed limiter stops probing', async (t) => {
  const { clock, store, limiter } = setUp(t)
  store.fail()
  await limiter.consume('key', [policy])
  limiter.close()
  await clock.advance(10_000)
  t.equal(store.probes, 0)
})

t.test('a denial from before the failure lasts its second', async (t) => {
  const { clock, store, limiter } = setUp(t, { onFailure: 'open' })
  await limiter.consume('key', [policy], { cost: 8 })
  t.notOk((await limiter.consume('key', [policy], { cost: 8 })).allowed)
  store.fail()
  t.match(await limiter.consume('key', [policy], { cost: 8 }), { allowed: false, mode: 'shared' })
  await clock.advance(1000)
  t.match(await limiter.consume('key', [policy], { cost: 8 }), { allowed: true, mode: 'open' })
})

t.test('a reset that is not done rejects', async (t) => {
  const { clock, store, limiter } = setUp(t)
  await limiter.consume('key', [policy], { cost: 8 })
  store.fail()
  await t.rejects(limiter.reset('key'), {
    code: 'WEIR_LIMITER_STORE_FAILED',
    message: /reset 'key'/,
    cause: { message: 'no answer' }
  })
  store.recover()
  await clock.advance(250)
  await limiter.reset('key')
  t.match(await limiter.consume('key', [policy], { cost: 8 }), { allowed: true, mode: 'shared' })
})

t.test('a reset refills the local share too', async (t) => {
  const { clock, store, limiter } = setUp(t, { instances: 8 })
  const slow = definePolicy({ name: 'slow', limit: 8, window: 3_600_000 })
  store.fail()
  t.ok((await limiter.consume('key', [slow])).allowed)
  t.notOk((await limiter.consume('key', [slow])).allowed)
  store.recover()
  await clock.advance(250)
  await limiter.reset('key')
  store.fail()
  t.match(await limiter.consume('key', [slow]), { allowed: true, mode: 'local' })
})
