import { CamelCasePlugin, type Kysely, type KyselyPlugin, ParseJSONResultsPlugin } from 'kysely'
import t from 'tap'
import { createOutbox, type OutboxSchema } from '../src/index.js'
import { migratorOf, newFile, type Schema } from './database.js'
import { InvalidationStore } from './store.js'

t.test('an added invalidation commits with the data', async (t) => {
  const { connect } = await newFile(t)
  const db = connect()
  const outbox = createOutbox({ db, invalidate: async () => {} })

  const ticket = await db.transaction().execute(async (trx) => {
    await trx.insertInto('products').values({ name: 'Kettle' }).execute()
    return outbox.add(trx, ['a', 'b', 'a'])
  })
  const rows = await connect().selectFrom('weir_outbox_tags').selectAll().orderBy('id').execute()
  const row = (place: number, tag: string) => ({
    namespace: 'responses',
    id: `${ticket.id}0000000${place}`,
    tag,
    hash: /^[0-9a-f]{32}$/,
    created: /^\d{4}-.*Z$/
  })
  t.match(rows, [row(0, '"a"'), row(1, '"b"')])
  t.strictSame(ticket.tags, ['a', 'b'])
  t.equal(await outbox.pending(), 2)
  const backlog = await outbox.backlog()
  t.equal(backlog.rows, 2)
  t.ok(Math.abs(Date.now() - (backlog.oldest ?? 0)) < 60_000, 'the time of the oldest')
})

t.test('a rollback leaves nothing', async (t) => {
  const { connect } = await newFile(t)
  const db = connect()
  const outbox = createOutbox({ db, invalidate: async () => {} })

  await t.rejects(db.transaction().execute(async (trx) => {
    await outbox.add(trx, ['a'])
    throw new Error('changed its mind')
  }), { message: 'changed its mind' })
  t.equal(await outbox.pending(), 0)
  t.strictSame(await outbox.backlog(), { rows: 0, oldest: undefined })
})

t.test('a database in place of a transaction is rejected', async (t) => {
  const { connect } = await newFile(t)
  const db: Kysely<OutboxSchema> = connect()
  const outbox = createOutbox({ db, invalidate: async () => {} })
  // @ts-expect-error -- it is refused by the compiler too
  await t.rejects(outbox.add(db, ['a']), { code: 'WEIR_OUTBOX_NO_TRANSACTION' })
  t.equal(await outbox.pending(), 0)
})

t.test('without tags there is nothing to write or to deliver', async (t) => {
  const { connect } = await newFile(t)
  const db = connect()
  const store = new InvalidationStore()
  const outbox = createOutbox({ db, invalidate: store.invalidate })
  const ticket = await db.transaction().execute((trx) => outbox.add(trx, []))
  t.equal(await outbox.pending(), 0)
  t.equal(await outbox.deliver(ticket), 'delivered')
  t.strictSame(store.calls, [])
})

t.test('an invalid tag is rejected, and the transaction may continue', async (t) => {
  const { connect } = await newFile(t)
  const db = connect()
  const outbox = createOutbox({ db, invalidate: async () => {} })
  const bad: unknown[] = [[''], ['ok', 1], [null], ['a\udfffb'], ['\ud800'], 'text', undefined]
  await db.transaction().execute(async (trx) => {
    for (const tags of bad) {
      await t.rejects(outbox.add(trx, tags as string[]), {
        name: 'OutboxError',
        code: 'WEIR_OUTBOX_INVALID_TAG'
      })
    }
  })
  t.equal(await outbox.pending(), 0)
})

const plugins: Record<string, KyselyPlugin[]> = {
  'no plugins': [],
  CamelCasePlugin: [new CamelCasePlugin()],
  'CamelCasePlugin with digits and upper case apart': [
    new CamelCasePlugin({ underscoreBeforeDigits: true, underscoreBetweenUppercaseLetters: true })
  ],
  ParseJSONResultsPlugin: [new ParseJSONResultsPlugin()]
}

for (const [name, list] of Object.entries(plugins)) {
  t.test(`the table preserves any Unicode, with ${name}`, async (t) => {
    const { connect } = await newFile(t)
    const db = connect(list)
    const store = new InvalidationStore()
    const tags = [
      'product:1',
      '"\\[]{},',
      '["a"]',
      '{"a":1}',
      'null',
      'a\u0000b',
      '\n',
      '\u0001',
      'Käse 起司 🧀 e\u0301 \u2028\u202e\ufeff',
      '__proto__',
      'x'.repeat(65_536)
    ]
    const writer = createOutbox({ db, invalidate: store.invalidate })
    await db.transaction().execute((trx) => writer.add(trx, tags))

    const delivered = new Promise<void>((resolve) => {
      const relay = createOutbox({
        db,
        invalidate: async (tags) => {
          await store.invalidate(tags)
          resolve()
        }
      })
      relay.start()
      t.teardown(() => relay.stop())
    })
    await delivered
    t.strictSame(store.invalidated, [tags])
  })
}

t.test('the migration can be reverted and applied again', async (t) => {
  const { connect } = await newFile(t)
  const db = connect()
  const tables = async () => (await db.introspection.getTables()).map(({ name }) => name)
  t.strictSame(await tables(), ['products', 'weir_outbox_tags'])
  t.match(await migratorOf(db).migrateDown(), { results: [{ status: 'Success' }] })
  t.strictSame(await tables(), ['products'])
  t.match(await migratorOf(db).migrateToLatest(), { results: [{ status: 'Success' }] })
})

t.test('the compiler rejects a schema without the table', async (t) => {
  const accepts = (db: Kysely<Schema>) => createOutbox({ db, invalidate: async () => {} })
  const refuses = (db: Kysely<{ products: Schema['products'] }>) =>
    // @ts-expect-error -- the schema has no weir_outbox_tags
    createOutbox({ db, invalidate: async () => {} })
  t.type(accepts, 'function')
  t.type(refuses, 'function')
})
