import { mock } from 'node:test'
import t, { type Test } from 'tap'
import { listen } from '../src/opentelemetry/listen.js'
import { Renewals } from '../src/stores/renewals.js'
import {
  FILL_LEASE,
  type LeaseKeeper,
  RENEW_EVERY,
  RenewedLease
} from '../src/stores/renewed-lease.js'

/** A lease whose keeper and timers the test controls. */
function lease (t: Test, keeper: Partial<LeaseKeeper> = {}, renewals = new Renewals(RENEW_EVERY)) {
  mock.timers.reset()
  mock.timers.enable({ apis: ['setInterval'] })
  t.teardown(() => { mock.timers.reset() })
  const asked: string[] = []
  const told = (what: keyof LeaseKeeper) => { asked.push(what) }
  const kept = new RenewedLease('fill', 1, {
    ...keeper,
    store: async (...args) => { told('store'); await keeper.store?.(...args) },
    renew: async () => { told('renew'); return await keeper.renew?.() ?? true },
    release: async (...args) => { told('release'); await keeper.release?.(...args) },
    setWaits: async (...args) => { told('setWaits'); await keeper.setWaits?.(...args) }
  }, renewals)
  return { kept, asked, later: (ms: number) => { mock.timers.tick(ms) } }
}

t.test(
  'one timer renews all leases, each once per interval, and ends with the last one',
  async (t) => {
    const renewals = new Renewals(RENEW_EVERY)
    const first = lease(t, {}, renewals)
    const set = t.capture(globalThis, 'setInterval', globalThis.setInterval)
    const cleared = t.capture(globalThis, 'clearInterval', globalThis.clearInterval)
    first.later(RENEW_EVERY / 2)
    const asked: string[] = []
    const keeper = (): LeaseKeeper => ({
      store: async () => {},
      renew: async () => {
        asked.push('renew')
        return true
      },
      release: async () => {},
      setWaits: async () => {}
    })
    const others = Array.from(
      { length: 10 },
      (_, i) => new RenewedLease(`${i}`, 1, keeper(), renewals)
    )
    t.strictSame(set(), [], 'no timer more')
    first.later(RENEW_EVERY / 2)
    t.strictSame([first.asked.length, asked.length], [0, 0], 'none has been there for an interval')
    first.later(RENEW_EVERY)
    t.strictSame([first.asked.length, asked.length], [1, 10])
    for (const other of others) other.end('done')
    first.later(RENEW_EVERY)
    t.strictSame([first.asked.length, asked.length], [2, 10])
    first.kept.end('done')
    first.later(RENEW_EVERY)
    t.equal(cleared().length, 1)
    const last = lease(t, {}, renewals)
    last.later(FILL_LEASE)
    t.ok(last.asked.length > 2, 'the next begins another timer')
  }
)

const settled = () => new Promise<void>((resolve) => { setImmediate(resolve) })

t.test('a lease is renewed, more than twice, until it is ended', async (t) => {
  const { kept, asked, later } = lease(t)
  later(FILL_LEASE)
  t.ok(asked.length > 2)
  kept.end('done')
  const ended = asked.length
  t.equal(asked.at(-1), 'release')
  later(10 * FILL_LEASE)
  t.equal(asked.length, ended)
  kept.end('failed')
  t.equal(asked.length, ended, 'it ends once')
})

t.test('storing ends it, and a failing store does not', async (t) => {
  const { kept, asked } = lease(t)
  await kept.store(Buffer.alloc(0), 1)
  kept.end('done')
  t.strictSame(asked, ['store'])

  mock.timers.reset()
  const second = lease(t, { store: async () => { throw new Error('timeout') } })
  await t.rejects(second.kept.store(Buffer.alloc(0), 1), /timeout/)
  second.kept.end('done')
  t.strictSame(second.asked, ['store', 'release'])
})

t.test('a lost lease is not renewed; one whose renewal failed is', async (t) => {
  const lost = lease(t, { renew: async () => false })
  lost.later(FILL_LEASE)
  await settled()
  const asked = lost.asked.length
  lost.later(FILL_LEASE)
  t.equal(lost.asked.length, asked)
  lost.kept.end('done')
  t.equal(lost.asked.length, asked, 'nor is there anything to end')

  mock.timers.reset()
  const unanswered = lease(t, { renew: async () => { throw new Error('timeout') } })
  unanswered.later(FILL_LEASE)
  await settled()
  const before = unanswered.asked.length
  unanswered.later(FILL_LEASE)
  t.ok(unanswered.asked.length > before)
})

t.test('an end that does not arrive is not an error: the lease expires', async (t) => {
  const { kept, asked } = lease(t, { release: async () => { throw new Error('timeout') } })
  kept.end('unshared')
  await settled()
  t.strictSame(asked, ['release'])
})

t.test('a fill that loses its lease is counted, once', async (t) => {
  let heard = 0
  t.teardown(listen('weir:cache:lose', () => { heard++ }))
  let now = 0
  t.intercept(performance, 'now', { value: () => now })
  const body = Buffer.alloc(0)
  const losses = async (run: () => Promise<void>) => {
    heard = 0
    mock.timers.reset()
    await run()
    await settled()
    return heard
  }

  t.equal(await losses(async () => {
    const { kept, later } = lease(t, { renew: async () => false })
    later(FILL_LEASE)
    await settled()
    later(FILL_LEASE)
    await kept.store(body, 1)
  }), 1, 'the store says that another has it')
  for (const end of ['store', 'end'] as const) {
    t.equal(await losses(async () => {
      const { kept } = lease(t)
      now += FILL_LEASE + 1
      if (end === 'store') await kept.store(body, 1)
      else kept.end('failed')
      kept.end('done')
    }), 1, `a blocked process that renewed nothing: ${end}`)
  }
  t.equal(await losses(async () => {
    const { kept, later } = lease(t)
    now += FILL_LEASE
    later(2 * RENEW_EVERY)
    await settled()
    now += FILL_LEASE
    await kept.store(body, 1)
  }), 0, 'renewed in time')
  t.equal(await losses(async () => {
    const { kept } = lease(t, { lifetime: 2 * FILL_LEASE })
    now += 2 * FILL_LEASE
    await kept.store(body, 1)
  }), 0, 'a store whose leases last longer')
  t.equal(await losses(async () => {
    let stored = () => {}
    const { kept, later } = lease(t, {
      renew: async () => false,
      store: () => new Promise((resolve) => { stored = resolve })
    })
    const storing = kept.store(body, 1)
    later(2 * RENEW_EVERY)
    await settled()
    stored()
    await storing
  }), 0, 'a renewal after the value was stored')
})
