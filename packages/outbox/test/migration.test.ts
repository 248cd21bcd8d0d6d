import { join } from 'node:path'
import { type Kysely, Migrator } from 'kysely'
import t, { type Test } from 'tap'
import { createOutbox, makeOutboxMigration, outboxMigration } from '../src/index.js'
import { connect, type Schema } from './database.js'
import { InvalidationStore } from './store.js'

interface FormerSchema extends Schema {
  weir_outbox: { id: string, tags: string, created: string }
}

/** A database as version 0.1 left it. */
async function former (t: Test, rows: readonly FormerSchema['weir_outbox'][]) {
  const db = connect(join(t.testdir(), 'service.db'))
  t.teardown(() => db.destroy())
  await db.schema.createTable('weir_outbox')
    .addColumn('id', 'varchar(32)', (column) => column.primaryKey())
    .addColumn('tags', 'text', (column) => column.notNull())
    .addColumn('created', 'varchar(24)', (column) => column.notNull())
    .execute()
  const old = db.withTables<{ weir_outbox: FormerSchema['weir_outbox'] }>()
  for (const row of rows) await old.insertInto('weir_outbox').values(row).execute()
  return db
}

const rowOf = (i: number, ...tags: string[]) => ({
  id: i.toString(16).padStart(32, '0'),
  tags: JSON.stringify(tags),
  created: '2026-01-01'
})

const tablesOf = async (db: Kysely<Schema>) =>
  (await db.introspection.getTables()).map(({ name }) => name)

t.test('rows of version 0.1 are delivered', async (t) => {
  const db = await former(t, [
    ...Array.from({ length: 1100 }, (_, i) => rowOf(i, `tag-${i}`, 'list')),
    rowOf(1100, '\u0001http://shop.test/')
  ])
  const provider = {
    getMigrations: async () => ({ '0002-outbox': outboxMigration, '0005-outbox': outboxMigration })
  }
  t.match(await new Migrator({ db, provider }).migrateToLatest(), {
    results: [{ status: 'Success' }, { status: 'Success' }]
  })
  t.strictSame(
    (await tablesOf(db)).filter((name) => !name.startsWith('kysely')),
    ['weir_outbox_tags']
  )

  const store = new InvalidationStore()
  const outbox = createOutbox({ db, invalidate: store.invalidate })
  t.equal(await outbox.pending(), 2201)
  await outbox.settle(['tag-7'])
  t.strictSame(store.invalidated, [['tag-7']])
  await outbox.start()
  await outbox.stop()
  t.equal(await outbox.pending(), 0)
  const all = [
    ...Array.from({ length: 1100 }, (_, i) => `tag-${i}`),
    'list',
    '\u0001http://shop.test/'
  ]
  t.strictSame([...new Set(store.invalidated.flat())].sort(), all.sort())
})

t.test('with a namespace', async (t) => {
  const db = await former(t, [rowOf(1, 'tag')])
  await makeOutboxMigration('shop').up(db)
  t.equal(await createOutbox({ db, invalidate: async () => {} }).pending(), 0)
  t.equal(await createOutbox({ db, invalidate: async () => {}, namespace: 'shop' }).pending(), 1)
})

t.test('an unreadable row stops the migration, and the error names it', async (t) => {
  const db = await former(t, [{ ...rowOf(1), tags: 'none' }])
  await t.rejects(
    db.transaction().execute((trx) => outboxMigration.up(trx)),
    {
      code: 'WEIR_OUTBOX_INVALID_ROW',
      message: new RegExp(`^Row ${rowOf(1).id} of the outbox cannot be read`)
    }
  )
  t.strictSame(await tablesOf(db), ['weir_outbox'])
})
