import t, { type Test } from 'tap'
import { createOutbox } from '../src/index.js'
import { type Clock, settled, stopClock } from './clock.js'
import { newFile, Trouble } from './database.js'
import { record } from './events.js'
import { gate } from './gate.js'
import { InvalidationStore } from './store.js'

/** An instance that reads, with its trouble and its store, and a writer elsewhere who commits and is not heard of again. */
async function setUp (t: Test) {
  const { connect } = await newFile(t)
  const writer = connect()
  const trouble = new Trouble()
  const store = new InvalidationStore()
  const outbox = createOutbox({ db: connect([trouble]), invalidate: store.invalidate })
  const clock = stopClock(t)
  const commit = (tags: string[]) => writer.transaction().execute((trx) => outbox.add(trx, tags))
  return { writer, trouble, store, outbox, clock, commit }
}

function watch (settling: Promise<void>) {
  const watched = { done: false }
  settling.then(() => { watched.done = true })
  return watched
}

/** How many ms pass until it is done, of at most 5 s. */
async function timeOf (clock: Clock, watched: { done: boolean }): Promise<number> {
  let passed = 0
  for (; !watched.done && passed < 5000; passed += 10) await clock.advance(10)
  return passed
}

t.test('nothing with these tags is pending: settled at once, and nothing is invalidated', async (t) => {
  const { outbox, store, commit } = await setUp(t)
  await outbox.settle(['tag'])
  await commit(['another', 'third'])
  await outbox.settle(['tag'])
  await outbox.settle([])
  t.strictSame(store.calls, [])
  t.equal(await outbox.pending(), 1)
})

t.test('what is pending is delivered first, by whoever asks', async (t) => {
  const { outbox, store, commit } = await setUp(t)
  await commit(['tag', 'list'])
  const slow = gate()
  store.delay = slow.opened
  const watched = watch(outbox.settle(['other', 'list']))
  await settled()
  t.notOk(watched.done)
  slow.open()
  await settled()
  t.ok(watched.done)
  t.strictSame(store.invalidated, [['tag', 'list']])
  t.equal(await outbox.pending(), 0)
})

t.test('many who settle at once look once and deliver once', async (t) => {
  const { outbox, store, trouble, commit } = await setUp(t)
  await commit(['tag'])
  const slow = gate()
  store.delay = slow.opened
  const looks = trouble.queries
  const all = Array.from({ length: 100 }, () => watch(outbox.settle(['tag'])))
  await settled()
  t.equal(trouble.queries - looks, 1)
  t.notOk(all.some(({ done }) => done))
  slow.open()
  await settled()
  t.ok(all.every(({ done }) => done))
  t.strictSame(store.calls, [['tag']])
})

t.test('who asks while a look is under way waits for another: the answer may be older than what he has read', async (t) => {
  const { outbox, store, trouble, commit } = await setUp(t)
  const late = gate()
  trouble.delay = late.opened
  const first = watch(outbox.settle(['tag']))
  await settled()
  await commit(['tag'])
  const slow = gate()
  store.delay = slow.opened
  const second = watch(outbox.settle(['tag']))
  trouble.delay = undefined
  late.open()
  await settled()
  t.ok(first.done, 'its look was before the commit')
  t.notOk(second.done)
  slow.open()
  await settled()
  t.ok(second.done)
})

t.test('nobody can deliver it: settled when every lease from before has ended, and from then on at once', async (t) => {
  const { outbox, store, clock, commit } = await setUp(t)
  store.error = new Error('no connection')
  await commit(['tag'])
  const passed = await timeOf(clock, watch(outbox.settle(['tag'])))
  t.ok(passed > 1000 && passed <= 1100, `${passed} ms`)
  // The delivery itself began a little after the question.
  await clock.advance(50)
  const again = watch(outbox.settle(['tag']))
  await settled()
  t.ok(again.done)
  t.equal(await outbox.pending(), 1)

  await commit(['tag'])
  t.ok(await timeOf(clock, watch(outbox.settle(['tag']))) > 1000, 'another one has leases of its own to wait for')
})

t.test('a row that was delivered elsewhere is not remembered, and its id may come again', async (t) => {
  const { writer, outbox, store, clock, commit } = await setUp(t)
  store.error = new Error('no connection')
  const { id } = await commit(['tag'])
  await timeOf(clock, watch(outbox.settle(['tag'])))
  await writer.deleteFrom('weir_outbox').execute()
  await outbox.settle(['tag'])
  await writer.insertInto('weir_outbox').values({ id, tags: '["tag"]', created: '' }).execute()
  t.ok(await timeOf(clock, watch(outbox.settle(['tag']))) > 1000)
})

t.test('more rows than are read at once', async (t) => {
  const { writer, outbox, store } = await setUp(t)
  const row = (i: number) => ({ id: String(i).padStart(32, '0'), tags: JSON.stringify([`tag-${i}`]), created: '' })
  for (let i = 0; i < 1100; i += 100) await writer.insertInto('weir_outbox').values(Array.from({ length: 100 }, (_, j) => row(i + j))).execute()
  await outbox.settle(['tag-3', 'tag-1099'])
  t.strictSame(store.invalidated, [['tag-3'], ['tag-1099']])
})

t.test('a row that is no list of tags settles nobody\'s question', async (t) => {
  const { writer, outbox, store } = await setUp(t)
  await writer.insertInto('weir_outbox').values({ id: 'x', tags: 'tag', created: '' }).execute()
  await outbox.settle(['tag'])
  t.strictSame(store.calls, [])
})

t.test('a database that fails or does not answer: a lease after the call nobody trusts what was there before', async (t) => {
  for (const how of ['fails', 'hangs'] as const) {
    await t.test(`it ${how}`, async (t) => {
      const { outbox, trouble, clock } = await setUp(t)
      const errors = record(t, 'weir:outbox:error')
      const hung = gate()
      if (how === 'fails') trouble.error = new Error('gone')
      else trouble.delay = hung.opened
      const passed = await timeOf(clock, watch(outbox.settle(['tag'])))
      t.ok(passed > 1000 && passed <= 1100, `${passed} ms`)
      t.match(errors, [{ operation: 'read' }])
      trouble.error = trouble.delay = undefined
      hung.open()
      await outbox.settle(['tag'])
    })
  }
})
