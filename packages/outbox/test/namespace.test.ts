import t, { type Test } from 'tap'
import { createOutbox } from '../src/index.js'
import { settled, stopClock } from './clock.js'
import { newFile } from './database.js'
import { InvalidationStore } from './store.js'

/** Two services with their own caches in one database. */
async function setUp (t: Test) {
  const { connect } = await newFile(t)
  const clock = stopClock(t)
  const make = (namespace?: string) => {
    const store = new InvalidationStore()
    const db = connect()
    const outbox = createOutbox({
      db,
      invalidate: store.invalidate,
      ...(namespace !== undefined && { namespace })
    })
    t.teardown(() => outbox.stop())
    return {
      store,
      outbox,
      commit: (tags: string[]) => db.transaction().execute((trx) => outbox.add(trx, tags))
    }
  }
  return { clock, shop: make(), stock: make('stock') }
}

t.test('neither delivers nor deletes the other\'s rows', async (t) => {
  const { shop, stock } = await setUp(t)
  await shop.commit(['tag'])
  stock.outbox.start()
  await settled()
  t.ok(stock.outbox.isDrained(), 'and neither has to wait for them')
  await stock.outbox.settle(['tag'])
  t.strictSame(stock.store.calls, [])
  t.equal(await stock.outbox.pending(), 0)
  t.equal(await shop.outbox.pending(), 1)

  shop.outbox.start()
  await settled()
  t.strictSame(shop.store.invalidated, [['tag']])
  t.equal(await shop.outbox.pending(), 0)
})

t.test('an unavailable store disables only its own cache', async (t) => {
  const { clock, shop, stock } = await setUp(t)
  shop.store.error = new Error('no connection')
  const ticket = await shop.commit(['tag'])
  await stock.commit(['tag'])
  shop.outbox.start()
  stock.outbox.start()
  const outcome = shop.outbox.deliver(ticket)
  await clock.advance(1100)
  t.equal(await outcome, 'queued', 'the other one\'s delivery is none of this')
  t.notOk(shop.outbox.isDrained())
  t.ok(stock.outbox.isDrained())
  t.strictSame(stock.store.invalidated, [['tag']])
  t.equal(await shop.outbox.pending(), 1)
})
