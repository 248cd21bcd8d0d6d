import t, { type Test } from 'tap'
import { createOutbox, type DeliveryOutcome } from '../src/index.js'
import { type Clock, settled, stopClock } from './clock.js'
import { newFile, Trouble } from './database.js'
import { record } from './events.js'
import { gate } from './gate.js'
import { InvalidationStore } from './store.js'

/** An instance whose invalidations and database the test controls. The relay is not running. */
async function setUp (t: Test) {
  const { connect } = await newFile(t)
  const trouble = new Trouble()
  const db = connect([trouble])
  const store = new InvalidationStore()
  const outbox = createOutbox({ db, invalidate: store.invalidate })
  const clock = stopClock(t)
  const write = () => db.transaction().execute((trx) => outbox.add(trx, ['tag']))
  return { connect, trouble, store, outbox, clock, write }
}

/** Records the outcome, once there is one. */
function watch (delivery: Promise<DeliveryOutcome>) {
  const watched: { outcome: DeliveryOutcome | undefined } = { outcome: undefined }
  delivery.then((outcome) => { watched.outcome = outcome })
  return watched
}

/** Measures the ms until there is an outcome, at most 5 s. */
async function timeOf (
  clock: Clock,
  watched: { outcome: DeliveryOutcome | undefined }
): Promise<number> {
  let passed = 0
  for (; watched.outcome === undefined && passed < 5000; passed += 10) await clock.advance(10)
  return passed
}

t.test('delivered at once, and removed from the table', async (t) => {
  const { outbox, store, write } = await setUp(t)
  t.equal(await outbox.deliver(await write()), 'delivered')
  t.strictSame(store.calls, [['tag']])
  t.equal(await outbox.pending(), 0)
})

t.test('a failed invalidation is retried', async (t) => {
  const { outbox, store, clock, write } = await setUp(t)
  const errors = record(t, 'weir:outbox:error')
  const error = store.error = new Error('no connection')
  const watched = watch(outbox.deliver(await write()))
  await clock.advance(240)
  t.equal(store.calls.length, 1)
  await clock.advance(20)
  t.equal(store.calls.length, 2)
  t.strictSame(errors, [{ operation: 'invalidate', error }, { operation: 'invalidate', error }])
  store.error = undefined
  t.equal(watched.outcome, undefined)
  await clock.advance(250)
  t.equal(watched.outcome, 'delivered')
  t.equal(await outbox.pending(), 0)
})

t.test('an invalidation that throws synchronously counts as failed', async (t) => {
  const { connect } = await newFile(t)
  const db = connect()
  const errors = record(t, 'weir:outbox:error')
  const clock = stopClock(t)
  const outbox = createOutbox({ db, invalidate () { throw new Error('at once') } })
  const watched = watch(
    outbox.deliver(await db.transaction().execute((trx) => outbox.add(trx, ['tag'])))
  )
  await timeOf(clock, watched)
  t.equal(watched.outcome, 'queued')
  t.match(errors[0], { operation: 'invalidate', error: { message: 'at once' } })
})

t.test('a late answer within the time limit ends the wait', async (t) => {
  const { outbox, store, clock, write } = await setUp(t)
  const slow = gate()
  store.delay = slow.opened
  const watched = watch(outbox.deliver(await write()))
  await clock.advance(400)
  t.equal(store.calls.length, 1, 'the one under way has not failed yet')
  slow.open()
  await settled()
  t.equal(watched.outcome, 'delivered')
})

t.test(
  'an invalidation without an answer fails after its timeout, and another is tried',
  async (t) => {
    const { outbox, store, clock, write } = await setUp(t)
    const errors = record(t, 'weir:outbox:error')
    store.delay = gate().opened
    const watched = watch(outbox.deliver(await write()))
    await clock.advance(490)
    t.strictSame(errors, [])
    store.delay = undefined
    await clock.advance(300)
    t.match(errors, [
      {
        operation: 'invalidate',
        error: {
          code: 'WEIR_OUTBOX_TIMEOUT',
          message: 'The invalidation did not answer within 500 ms'
        }
      }
    ])
    t.equal(watched.outcome, 'delivered')
  }
)

t.test(
  'without any delivery: queued, once every lease from before the commit has ended',
  async (t) => {
    for (const how of ['fails', 'hangs'] as const) {
      await t.test(`the invalidation ${how}`, async (t) => {
        const { outbox, store, clock, write } = await setUp(t)
        if (how === 'fails') store.error = new Error('no connection')
        else store.delay = gate().opened
        const watched = watch(outbox.deliver(await write()))
        const passed = await timeOf(clock, watched)
        t.equal(watched.outcome, 'queued')
        t.ok(passed > 1000 && passed <= 1100, `${passed} ms`)
        t.equal(await outbox.pending(), 1)
      })
    }
  }
)

t.test('the relay of another instance delivers it', async (t) => {
  const { connect, outbox, store, clock, write } = await setUp(t)
  store.error = new Error('no connection')
  const watched = watch(outbox.deliver(await write()))
  await settled()
  const elsewhere = new InvalidationStore()
  const other = createOutbox({ db: connect(), invalidate: elsewhere.invalidate })
  other.start()
  await settled()
  t.strictSame(elsewhere.invalidated, [['tag']])
  t.equal(watched.outcome, undefined)
  await clock.advance(260)
  t.equal(watched.outcome, 'delivered')
  await other.stop()
})

t.test('a database that fails or does not answer prolongs no wait', async (t) => {
  const ways: [string, (trouble: Trouble) => void, number][] = [
    ['fails', (trouble) => { trouble.error = new Error('gone') }, 1100],
    ['hangs', (trouble) => { trouble.delay = gate().opened }, 2100]
  ]
  for (const [how, make, most] of ways) {
    await t.test(`it ${how}, and so does the store`, async (t) => {
      const { outbox, store, trouble, clock, write } = await setUp(t)
      const ticket = await write()
      store.error = new Error('no connection')
      make(trouble)
      const watched = watch(outbox.deliver(ticket))
      const passed = await timeOf(clock, watched)
      t.equal(watched.outcome, 'queued')
      t.ok(passed > 1000 && passed <= most, `${passed} ms`)
    })

    await t.test(`it ${how}, and the row stays`, async (t) => {
      const { outbox, store, trouble, clock, write } = await setUp(t)
      const errors = record(t, 'weir:outbox:error')
      const ticket = await write()
      make(trouble)
      const watched = watch(outbox.deliver(ticket))
      await timeOf(clock, watched)
      t.equal(watched.outcome, 'delivered')
      t.match(errors, [{ operation: 'delete' }])
      t.strictSame(store.invalidated, [['tag']])
      trouble.error = trouble.delay = undefined
    })
  }
})
