import { CompiledQuery } from 'kysely'
import t, { type Test } from 'tap'
import { createOutbox } from '../src/index.js'
import { settled, stopClock } from './clock.js'
import { leave, leftRow, newFile, Trouble } from './database.js'
import { record } from './events.js'
import { gate } from './gate.js'
import { InvalidationStore } from './store.js'

/** An instance with a relay, and a connection of another writer. */
async function setUp (t: Test) {
  const { connect } = await newFile(t)
  const writer = connect()
  const trouble = new Trouble()
  const store = new InvalidationStore()
  const outbox = createOutbox({ db: connect([trouble]), invalidate: store.invalidate })
  const clock = stopClock(t)
  t.teardown(() => outbox.stop())
  const write = (tags: string[]) => writer.transaction().execute((trx) => outbox.add(trx, tags))
  return { writer, trouble, store, outbox, clock, write, errors: record(t, 'weir:outbox:error') }
}

t.test(
  'drained from the first poll that finds nothing, and for as long as polling continues',
  async (t) => {
    const { outbox, clock, trouble } = await setUp(t)
    t.notOk(outbox.isDrained())
    outbox.start()
    outbox.start()
    t.notOk(outbox.isDrained(), 'the answer is not there yet')
    await settled()
    t.ok(outbox.isDrained())
    await clock.advance(10_000)
    t.ok(outbox.isDrained())

    trouble.error = new Error('gone')
    await clock.advance(700)
    t.ok(outbox.isDrained(), 'the last look is not a second old')
    await clock.advance(400)
    t.notOk(outbox.isDrained())
  }
)

/** Continues a poll that pauses after each chunk. */
async function until (isDone: () => boolean): Promise<void> {
  while (!isDone()) await settled()
}

t.test(
  'rows left by others are delivered in order of their ids, in limited numbers, and deleted',
  async (t) => {
    const { writer, store, outbox, clock, write } = await setUp(t)
    const relayed = record(t, 'weir:outbox:relay')
    await leave(
      writer,
      Array.from({ length: 2600 }, (_, i) => leftRow(2599 - i, `tag-${2599 - i}`))
    )
    outbox.start()
    await until(outbox.isDrained)
    t.strictSame(
      store.calls.map((tags) => tags.length),
      [100, 100, 100, 100, 150, 150, 150, 150, 200, 200, 200, 200, 250, 250, 250, 50]
    )
    t.strictSame(
      store.invalidated.flat(),
      Array.from({ length: 2600 }, (_, i) => `tag-${i}`)
    )
    t.strictSame(
      relayed.map(({ tags }) => tags),
      store.invalidated
    )
    t.equal(await outbox.pending(), 0)

    await write(['later', 'too'])
    await clock.advance(250)
    t.strictSame(store.calls.at(-1), ['later', 'too'])
    t.equal(await outbox.pending(), 0)
  }
)

t.test('rows of one tag are one tag for the cache', async (t) => {
  const { writer, store, outbox } = await setUp(t)
  await leave(writer, Array.from({ length: 90 }, (_, i) => leftRow(i, 'tag')))
  outbox.start()
  await until(outbox.isDrained)
  t.strictSame(store.calls, [['tag']])
})

t.test('rows with long tags are delivered in smaller numbers', async (t) => {
  const { writer, store, outbox } = await setUp(t)
  await leave(
    writer,
    Array.from({ length: 10 }, (_, i) => leftRow(i, `${i}`.repeat(64 * 1024 - 2)))
  )
  await leave(writer, [leftRow(10, 'x'.repeat(1024 * 1024)), leftRow(11, 'short')])
  outbox.start()
  await until(outbox.isDrained)
  t.strictSame(store.calls.map((tags) => tags.length), [4, 4, 2, 1, 1])
})

t.test(
  'a store that accepts a limited number at once gets fewer, and accepted rows stay done',
  async (t) => {
    const { writer, store, outbox, clock, errors } = await setUp(t)
    await leave(
      writer,
      Array.from({ length: 300 }, (_, i) => leftRow(i, `tag-${i}`))
    )
    store.most = 30
    outbox.start()
    await clock.advance(2000)
    t.ok(outbox.isDrained())
    t.equal(await outbox.pending(), 0)
    t.ok(store.invalidated.every((tags) => tags.length <= 30))
    t.equal(store.invalidated.flat().length, 300, 'each once')
    t.ok(errors.length > 0)
  }
)

t.test(
  'a row that the store rejects disables the cache, and is the only one left in the table',
  async (t) => {
    const { writer, store, outbox, clock } = await setUp(t)
    await leave(
      writer,
      Array.from({ length: 300 }, (_, i) => leftRow(i, `tag-${i}`))
    )
    store.refused = 'tag-40'
    outbox.start()
    await clock.advance(5000)
    t.notOk(outbox.isDrained())
    t.equal(await outbox.pending(), 1)
    store.refused = undefined
    await clock.advance(500)
    t.ok(outbox.isDrained())
  }
)

t.test('a store that rejects everything is not asked row by row', async (t) => {
  const { writer, store, outbox, clock } = await setUp(t)
  await leave(writer, Array.from({ length: 300 }, (_, i) => leftRow(i, `tag-${i}`)))
  store.error = new Error('no connection')
  outbox.start()
  await clock.advance(5000)
  store.calls.length = 0
  await clock.advance(250)
  t.equal(store.calls.length, 12, 'three times four')
  store.error = undefined
  await clock.advance(500)
  t.ok(outbox.isDrained())
})

t.test('rows added during a poll do not keep it from ending', async (t) => {
  const { writer, store, outbox } = await setUp(t)
  await leave(writer, Array.from({ length: 1000 }, (_, i) => leftRow(i, `tag-${i}`)))
  let next = 1000
  store.before = async () => {
    await leave(
      writer,
      Array.from({ length: 100 }, () => leftRow(next, `tag-${next++}`))
    )
  }
  outbox.start()
  await until(outbox.isDrained)
  t.ok(store.calls.length < 20, `${store.calls.length} chunks`)
  t.ok(await outbox.pending() >= 400)
})

t.test('not drained while a row cannot be delivered', async (t) => {
  const { store, outbox, clock, write, errors } = await setUp(t)
  const error = store.error = new Error('no connection')
  await write(['tag'])
  outbox.start()
  await settled()
  t.notOk(outbox.isDrained())
  t.strictSame(errors, [{ operation: 'invalidate', error }])
  await clock.advance(3000)
  t.notOk(outbox.isDrained())
  t.equal(await outbox.pending(), 1)
  store.error = undefined
  await clock.advance(250)
  t.ok(outbox.isDrained())
  t.equal(await outbox.pending(), 0)
})

t.test('an invalidation without an answer does not stop the relay', async (t) => {
  const { store, outbox, clock, write, errors } = await setUp(t)
  store.delay = gate().opened
  await write(['tag'])
  outbox.start()
  await clock.advance(510)
  t.notOk(outbox.isDrained())
  t.match(errors, [{ operation: 'invalidate', error: { code: 'WEIR_OUTBOX_TIMEOUT' } }])
  store.delay = undefined
  await clock.advance(260)
  t.ok(outbox.isDrained())
})

t.test('a poll begun before a commit says nothing about it, however late it answers', async (t) => {
  const { trouble, outbox, clock, write, store } = await setUp(t)
  const late = gate()
  trouble.delay = late.opened
  outbox.start()
  await settled()
  await write(['tag'])
  store.error = new Error('no connection')
  trouble.delay = undefined
  await clock.advance(900)
  late.open()
  await settled()
  t.ok(outbox.isDrained(), 'for the rest of the lease that began with the question')
  await clock.advance(110)
  t.notOk(outbox.isDrained())
})

t.test(
  'a poll without an answer within a lease is given up: a late answer does not count',
  async (t) => {
    const { trouble, outbox, clock, errors } = await setUp(t)
    const late = gate()
    trouble.delay = late.opened
    outbox.start()
    await clock.advance(990)
    trouble.delay = undefined
    t.strictSame(errors, [])
    await clock.advance(20)
    t.match(errors, [
      {
        operation: 'read',
        error: {
          code: 'WEIR_OUTBOX_TIMEOUT',
          message: "The outbox's database did not answer within 1000 ms"
        }
      }
    ])
    late.open()
    await settled()
    t.notOk(outbox.isDrained())
    await clock.advance(250)
    t.ok(outbox.isDrained())
  }
)

t.test('a failing database is asked again', async (t) => {
  const { trouble, outbox, clock, errors } = await setUp(t)
  const error = trouble.error = new Error('gone')
  outbox.start()
  await settled()
  t.notOk(outbox.isDrained())
  t.strictSame(errors, [{ operation: 'read', error }])
  trouble.error = undefined
  await clock.advance(250)
  t.ok(outbox.isDrained())
})

t.test('a stalled event loop ends the lease by itself', async (t) => {
  const { outbox, clock } = await setUp(t)
  outbox.start()
  await settled()
  clock.leap(1000)
  t.ok(outbox.isDrained())
  clock.leap(1)
  t.notOk(outbox.isDrained())
})

t.test('delivered rows that cannot be deleted do not disable the cache', async (t) => {
  const { writer, outbox, store, clock, write, errors } = await setUp(t)
  await writer.executeQuery(
    CompiledQuery.raw(
      "create trigger keep before delete on weir_outbox_tags begin select raise(abort, 'kept'); end"
    )
  )
  await write(['tag'])
  outbox.start()
  await settled()
  await clock.advance(250)
  t.ok(outbox.isDrained())
  t.strictSame(store.invalidated, [['tag'], ['tag']], 'each time')
  t.match(errors, [{ operation: 'delete', error: { message: 'kept' } }, { operation: 'delete' }])
})

t.test(
  'an unreadable row disables the cache, and is the only one left in the table',
  async (t) => {
    const { writer, outbox, store, clock, write, errors } = await setUp(t)
    await leave(
      writer,
      ['{}', 'no JSON', '""'].map((tag, id) => ({ ...leftRow(id, ''), id: `bad-${id}`, tag }))
    )
    await write(['tag'])
    outbox.start()
    await settled()
    t.strictSame(store.invalidated, [['tag']])
    t.equal(await outbox.pending(), 3)
    t.notOk(outbox.isDrained())
    t.match(
      errors,
      ['bad-0', 'bad-1', 'bad-2'].map((id) => ({
        operation: 'read',
        error: {
          code: 'WEIR_OUTBOX_INVALID_ROW',
          message: new RegExp(`^Row ${id} of the outbox cannot be read`)
        }
      }))
    )
    await writer.deleteFrom('weir_outbox_tags').execute()
    await clock.advance(250)
    t.ok(outbox.isDrained())
  }
)

t.test('stop waits for a poll in progress, which no longer counts', async (t) => {
  const { outbox, store, clock, write } = await setUp(t)
  const slow = gate()
  store.delay = slow.opened
  await write(['tag'])
  outbox.start()
  await settled()
  const stopped = outbox.stop()
  t.equal(await Promise.race([stopped, settled().then(() => 'waits')]), 'waits')
  slow.open()
  await stopped
  t.notOk(outbox.isDrained())
  t.equal(await outbox.pending(), 0)

  await write(['tag'])
  await clock.advance(5000)
  t.equal(store.calls.length, 1, 'polling has stopped')
  t.throws(() => { outbox.start() }, { code: 'WEIR_OUTBOX_STOPPED' })
  t.equal(await outbox.deliver(await write(['own'])), 'delivered')
})

t.test('stop ends a long backlog after the chunks in progress', async (t) => {
  const { writer, outbox, store } = await setUp(t)
  await leave(writer, Array.from({ length: 401 }, (_, i) => leftRow(i, 'tag')))
  const slow = gate()
  store.delay = slow.opened
  outbox.start()
  await settled()
  const stopped = outbox.stop()
  slow.open()
  await stopped
  t.equal(store.calls.length, 4)
  t.equal(await outbox.pending(), 1)
})

t.test('stop does not wait forever', async (t) => {
  const { outbox, trouble, clock, errors } = await setUp(t)
  const late = gate()
  trouble.delay = late.opened
  outbox.start()
  await settled()
  let stopped = false
  outbox.stop().then(() => { stopped = true })
  await clock.advance(490)
  t.notOk(stopped)
  await clock.advance(20)
  t.ok(stopped)
  t.match(errors, [{ error: { code: 'WEIR_OUTBOX_TIMEOUT' } }])
  late.open()
})

t.test('stopping between two polls leaves no timer', async (t) => {
  const { connect } = await newFile(t)
  const outbox = createOutbox({
    db: connect(),
    invalidate: async () => {},
    pollInterval: 3_600_000,
    lease: 7_200_000
  })
  const timers = () =>
    process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length
  const before = timers()
  outbox.start()
  await settled()
  t.ok(outbox.isDrained())
  t.equal(timers(), before + 1)
  await outbox.stop()
  t.equal(timers(), before)
  t.notOk(outbox.isDrained())
  await outbox.stop()
})
