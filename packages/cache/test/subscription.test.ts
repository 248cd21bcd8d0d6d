import { mock } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { FillAnnouncements } from '../src/stores/fill-announcements.js'
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
