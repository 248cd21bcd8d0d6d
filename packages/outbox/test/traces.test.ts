import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { createOutbox, type DeliveryTrace, outboxMigration } from '../src/index.js'
import { connect, newFile } from './database.js'

const spanOf = (i: number, flags = '01') => `00-${'a'.repeat(32)}-${'b'.repeat(15)}${i}-${flags}`
const invalidate = async () => {}

/** Deliveries that end during a test. */
function deliveries (t: Test): DeliveryTrace[] {
  const ended: DeliveryTrace[] = []
  // The channel's name stands for the type of its messages.
  const note = (message: unknown) => { ended.push(message as DeliveryTrace) }
  subscribe('tracing:weir:outbox:deliver:asyncEnd', note)
  t.teardown(() => { unsubscribe('tracing:weir:outbox:deliver:asyncEnd', note) })
  return ended
}

t.test('a relay knows the spans of the writes that it delivers', async (t) => {
  const { connect } = await newFile(t)
  let span: string | undefined
  const writer = createOutbox({ db: connect(), invalidate, traceparent: () => span })
  for (const [i, text] of [
    spanOf(1), spanOf(1), spanOf(2), spanOf(3, '00'), 'no span', `${spanOf(4)}-x`, undefined
  ].entries()) {
    span = text
    await writer.queue([`tag-${i}`])
  }
  // A writer of an earlier version, or without tracing.
  await createOutbox({ db: connect(), invalidate }).queue(['untraced'])

  const ended = deliveries(t)
  const relay = createOutbox({ db: connect(), invalidate, traceparent: () => undefined })
  t.teardown(() => relay.stop())
  await relay.start()
  t.match(ended, [{ by: 'relay', namespace: 'responses', error: undefined }])
  t.equal(ended[0]?.tags.length, 8)
  t.strictSame(ended[0]?.traceparents, [spanOf(1), spanOf(2)], 'each recorded span once')
})

t.test('a delivery by its writer is told, and so is its failure', async (t) => {
  const { connect } = await newFile(t)
  const ended = deliveries(t)
  const outbox = createOutbox({ db: connect(), invalidate })
  await outbox.deliver(await outbox.queue(['tag']))
  const error = new Error('no answer')
  const failing = createOutbox({
    db: connect(), lease: 20, pollInterval: 10, invalidate: async () => { throw error }
  })
  t.equal(await failing.deliver(await failing.queue(['tag'])), 'queued')
  t.match(ended[0], { by: 'caller', tags: ['tag'], traceparents: [], error: undefined })
  t.equal(ended[1]?.error, error)
})

t.test('the migration adds the column to a table without it, once', async (t) => {
  const db = connect(join(t.testdir(), 'service.db'))
  t.teardown(() => db.destroy())
  await outboxMigration.up(db)
  await db.schema.alterTable('weir_outbox_tags').dropColumn('traceparent').execute()
  await createOutbox({ db, invalidate }).queue(['before'])
  const traced = createOutbox({ db, invalidate, traceparent: () => spanOf(1) })
  await t.rejects(traced.queue(['too early']), /traceparent/)
  for (let i = 0; i < 2; i++) await outboxMigration.up(db)
  await traced.queue(['after'])
  t.match(await db.selectFrom('weir_outbox_tags').selectAll().execute(), [
    { tag: '"before"', traceparent: null }, { tag: '"after"', traceparent: spanOf(1) }
  ])
  t.throws(
    // @ts-expect-error: what plain JavaScript may give
    () => createOutbox({ db, invalidate, traceparent: spanOf(1) }),
    { code: 'WEIR_OUTBOX_INVALID_OPTION', message: /traceparent/ }
  )
})
