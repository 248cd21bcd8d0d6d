import { CompiledQuery } from 'kysely'
import t, { type Test } from 'tap'
import { createOutbox } from '../src/index.js'
import { LOOK } from '../src/settling.js'
import { type Clock, settled, stopClock } from './clock.js'
import { leave, leftRow, newFile, Trouble } from './database.js'
import { record } from './events.js'
import { gate } from './gate.js'
import { InvalidationStore } from './store.js'

/**
 * An instance that reads, with its controllable database and store, and a writer elsewhere that
 * commits and disappears.
 */
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

/** Measures the ms until it is done, at most 5 s. */
async function timeOf (clock: Clock, watched: { done: boolean }): Promise<number> {
  let passed = 0
  for (; !watched.done && passed < 5000; passed += 10) await clock.advance(10)
  return passed
}

t.test(
  'nothing with these tags is pending: settled at once, and nothing is invalidated',
  async (t) => {
    const { outbox, store, commit } = await setUp(t)
    await outbox.settle(['tag'])
    await commit(['another', 'third'])
    await outbox.settle(['tag'])
    await outbox.settle([])
    t.strictSame(store.calls, [])
    t.equal(await outbox.pending(), 2)
  }
)

t.test('pending invalidations are delivered first, by the settling instance', async (t) => {
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
  t.strictSame(store.invalidated, [['list']], 'what was asked about')
  t.equal(await outbox.pending(), 1, 'the rest is left to the relay')
})

t.test('concurrent calls look once and deliver once', async (t) => {
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

t.test(
  'a call during a look waits for another: the answer may be older than the caller\'s read',
  async (t) => {
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
  }
)

t.test(
  'without any delivery: settled when every earlier lease has ended, and from then on at once',
  async (t) => {
    const { outbox, store, clock, commit } = await setUp(t)
    store.error = new Error('no connection')
    await commit(['tag'])
    const passed = await timeOf(clock, watch(outbox.settle(['tag'])))
    t.ok(passed > 1000 && passed <= 1100, `${passed} ms`)
    // The delivery itself began slightly after the call.
    await clock.advance(50)
    const again = watch(outbox.settle(['tag']))
    await settled()
    t.ok(again.done)
    t.equal(await outbox.pending(), 1)

    await commit(['tag'])
    t.ok(
      (await timeOf(clock, watch(outbox.settle(['tag'])))) > 1000,
      'another one has leases of its own to wait for'
    )
  }
)

t.test('a row whose delivery has ended is forgotten', async (t) => {
  const { writer, outbox, store, clock, commit } = await setUp(t)
  store.error = new Error('no connection')
  const { id } = await commit(['tag'])
  await timeOf(clock, watch(outbox.settle(['tag'])))
  await clock.advance(50)
  await writer.deleteFrom('weir_outbox_tags').execute()
  await outbox.settle(['tag'])
  await leave(writer, [{ ...leftRow(0, 'tag'), id: `${id}00000000` }])
  t.ok(await timeOf(clock, watch(outbox.settle(['tag']))) > 1000)
})

t.test('rows with other tags are not read, however many there are', async (t) => {
  const { writer, outbox, store, trouble } = await setUp(t)
  await leave(writer, Array.from({ length: 5000 }, (_, i) => leftRow(i, `tag-${i}`)))
  await outbox.settle(['tag-3', 'tag-4999', 'another'])
  t.strictSame(store.invalidated, [['tag-3', 'tag-4999']])
  t.equal(await outbox.pending(), 4998)
  t.equal(trouble.rows, 2 + 1, 'rows of answers: those with its tags, and the count')
})

t.test(
  'more rows with its tags than one look reads: all of its tags are delivered, and the rows are left to the relay',
  async (t) => {
    const { writer, outbox, store, trouble } = await setUp(t)
    await leave(
      writer,
      Array.from({ length: 3000 }, (_, i) => leftRow(i, i === 2999 ? 'last' : 'tag'))
    )
    const slow = gate()
    store.delay = slow.opened
    const watched = [watch(outbox.settle(['tag', 'other'])), watch(outbox.settle(['last']))]
    await settled()
    t.notOk(watched.some(({ done }) => done))
    slow.open()
    await settled()
    t.ok(watched.every(({ done }) => done))
    t.strictSame(store.invalidated, [['tag', 'other', 'last']])
    t.equal(trouble.rows, LOOK)
  }
)

t.test(
  'more rows than one read returns, and no delivery: a lease, even if some are deleted meanwhile',
  async (t) => {
    const { writer, outbox, store, clock } = await setUp(t)
    store.error = new Error('no connection')
    await leave(
      writer,
      Array.from({ length: LOOK + 1 }, (_, i) => leftRow(i, 'tag'))
    )
    const watched = watch(outbox.settle(['tag']))
    await settled()
    await writer.deleteFrom('weir_outbox_tags').where('id', '<', leftRow(LOOK, '').id).execute()
    const passed = await timeOf(clock, watched)
    t.ok(passed > 1000 && passed <= 1100, `${passed} ms`)
  }
)

t.test('after a writer has waited a lease, the rows are settled on every instance', async (t) => {
  const { writer, outbox, store, clock, commit } = await setUp(t)
  store.error = new Error('no connection')
  const ticket = await commit(['tag'])
  const elsewhere = createOutbox({ db: writer, invalidate: store.invalidate })
  let outcome: unknown
  elsewhere.deliver(ticket).then((delivered) => { outcome = delivered })
  await clock.advance(1100)
  t.equal(outcome, 'queued')
  const watched = watch(outbox.settle(['tag']))
  await settled()
  t.ok(watched.done)
  t.equal(await outbox.pending(), 1)
})

t.test('rows that cannot be released are waited for again', async (t) => {
  const { writer, outbox, store, clock, commit } = await setUp(t)
  const errors = record(t, 'weir:outbox:error')
  store.error = new Error('no connection')
  await writer.executeQuery(
    CompiledQuery.raw(
      "create trigger keep before update on weir_outbox_tags begin select raise(abort, 'kept'); end"
    )
  )
  await commit(['tag'])
  for (let time = 1; time <= 2; time++) {
    t.ok(await timeOf(clock, watch(outbox.settle(['tag']))) > 1000)
    await clock.advance(50)
    t.match(errors.at(-1), { operation: 'release', error: { message: 'kept' } })
  }
})

t.test(
  'a database that fails or does not answer: a lease after the call no instance trusts older data',
  async (t) => {
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
  }
)
