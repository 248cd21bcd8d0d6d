import { mock } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { listen } from '../src/opentelemetry/listen.js'
import { FillAnnouncements } from '../src/stores/fill-announcements.js'
import { Lapses } from '../src/stores/lapses.js'
import { Subscription } from '../src/stores/redis/subscription.js'

const LEASE = 50
// The interval between proofs while they are requested.
const STEP = 10

/** A subscription whose server answers at once, under a clock that the test moves. */
async function setUp (t: Test) {
  let now = performance.now()
  let lose = () => {}
  const proofs: number[] = []
  t.intercept(performance, 'now', { value: () => now })
  mock.timers.enable({ apis: ['setInterval', 'setTimeout'] })
  t.teardown(() => { mock.timers.reset() })
  const subscription = new Subscription(async () => ({
    id: 'node',
    listen (events) {
      lose = () => { events.lost() }
      queueMicrotask(() => { events.ready() })
      return {
        subscribe: async () => {},
        prove: async () => { proofs.push(now) },
        close () {}
      }
    }
  }), LEASE)
  t.teardown(() => { subscription.close() })
  const advance = async (ms: number) => {
    for (let left = ms; left > 0; left -= STEP) {
      now += STEP
      mock.timers.tick(STEP)
      await setImmediate()
    }
  }
  return { subscription, proofs, advance, lose: () => { lose() } }
}

const listener = { subscribed () {}, heard () {}, lost () {} }

t.test('proofs are sent on demand: without requests, one per second', async (t) => {
  const { subscription, proofs, advance } = await setUp(t)
  subscription.listen('channel', listener)
  await advance(100)
  t.ok(subscription.isCoherent())
  t.ok(proofs.length >= 9)
  await advance(2100)
  proofs.length = 0
  await advance(5000)
  t.equal(proofs.length, 5)

  await advance(100)
  proofs.length = 0
  t.notOk(subscription.isCoherent(), 'it does not answer the first request')
  t.equal(proofs.length, 1, 'but makes the subscription ask')
  await advance(STEP)
  t.ok(subscription.isCoherent())
  await advance(1000)
  t.ok(subscription.isCoherent())
  t.ok(proofs.length > 90)
})

t.test('a caller waiting for a fill asks again if the announcement may have been missed', async (t) => {
  const { subscription, advance, lose } = await setUp(t)
  const announcements = new FillAnnouncements(subscription, 'fills')
  await advance(STEP)
  const minute = 60_000
  const ended = (token: string, before = announcements.interruptions) =>
    announcements.ended(token, minute, before)

  const before = announcements.interruptions
  const waiting = ended('token')
  lose()
  t.equal(await waiting, 'unknown', 'the connection is lost')
  const meanwhile = ended('token')
  await advance(100)
  t.equal(await meanwhile, 'unknown', 'there is another')
  t.equal(await ended('token', before), 'unknown', 'it was asked before that')

  const told = ended('token')
  announcements.heard('done token')
  t.equal(await told, 'done')
  t.equal(await ended('token', before), 'done', 'what was heard is known')
})

/** Listens to lapses during a test. */
function lapsesOf (t: Test): string[] {
  const heard: string[] = []
  const stop = listen('weir:cache:lapse', ({ reason }) => { heard.push(reason) })
  t.teardown(stop)
  return heard
}

t.test('a lapse of the lease is published once, whatever its length', async (t) => {
  const heard = lapsesOf(t)
  let now = 1000
  t.intercept(performance, 'now', { value: () => now })
  // When a proof was sent and when it arrived, under a lease of 50 ms.
  type Proofs = ReadonlyArray<readonly [number, number]>
  const cases: ReadonlyArray<readonly [string, Proofs, number]> = [
    ['answers in time', [[0, 1], [10, 11], [20, 59]], 0],
    ['an answer a little late', [[0, 1], [10, 55], [56, 57]], 1],
    ['one that took the whole lease', [[0, 1], [10, 200], [200, 201], [210, 211]], 1],
    ['several that took longer', [[0, 1], [10, 200], [200, 400], [400, 401]], 1],
    ['a process that did not ask', [[0, 1], [300, 301]], 1],
    ['two lapses', [[0, 1], [300, 301], [310, 311], [600, 601]], 2],
    ['never held', [[0, 100], [100, 200]], 0]
  ]
  for (const [name, proofs, count] of cases) {
    heard.length = 0
    const lapses = new Lapses(LEASE)
    for (const [sent, arrived] of proofs) {
      now = 1000 + arrived
      lapses.proved(1000 + sent, true)
    }
    t.equal(heard.length, count, name)
  }
})

t.test('a lost connection is a lapse if the lease was in use', async (t) => {
  const heard = lapsesOf(t)
  const { subscription, advance, lose } = await setUp(t)
  subscription.listen('channel', listener)
  subscription.isCoherent()
  await advance(100)
  t.ok(subscription.isCoherent())
  lose()
  lose()
  t.strictSame(heard, ['connection'])
  await advance(1000)
  subscription.isCoherent()
  await advance(5000)
  lose()
  t.strictSame(heard, ['connection'], 'an idle instance has no lease to lose')
  await advance(1000)
  subscription.isCoherent()
  await advance(50)
  subscription.close()
  t.strictSame(heard, ['connection'], 'nor has one that ends')
})
