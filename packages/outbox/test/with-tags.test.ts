import { setImmediate as turn } from 'node:timers/promises'
import type { Kysely, Transaction } from 'kysely'
import t from 'tap'
import { createOutbox, type OutboxSchema } from '../src/index.js'
import { newFile } from './database.js'
import { InvalidationStore } from './store.js'

t.test(
  'a ticket created within has the tags too, in the table and on delivery',
  async (t) => {
    const { connect } = await newFile(t)
    const db = connect()
    const store = new InvalidationStore()
    const outbox = createOutbox({ db, invalidate: store.invalidate })
    const ticket = await outbox.withTags(
      () => ['page', 'a'],
      () => db.transaction().execute((trx) => outbox.add(trx, ['a', 'b']))
    )
    t.strictSame(ticket.tags, ['a', 'b', 'page'])
    const rows = await db.selectFrom('weir_outbox_tags').select('tag').orderBy('id').execute()
    t.strictSame(rows, [{ tag: '"a"' }, { tag: '"b"' }, { tag: '"page"' }])
    t.equal(await outbox.deliver(ticket), 'delivered')
    t.strictSame(store.invalidated, [['a', 'b', 'page']])
    t.equal(await outbox.pending(), 0)

    const after = await db.transaction().execute((trx) => outbox.add(trx, ['c']))
    t.strictSame(after.tags, ['c'], 'and none made after it')
  }
)

t.test(
  'this includes helpers, code after awaits, nested transactions and calls without tags',
  async (t) => {
    const { connect } = await newFile(t)
    const db: Kysely<OutboxSchema> = connect()
    const outbox = createOutbox({ db, invalidate: async () => {} })
    async function helper (trx: Transaction<OutboxSchema>) {
      await turn()
      return outbox.add(trx, [])
    }
    await outbox.withTags(
      () => ['page'],
      async () => {
        await turn()
        t.strictSame((await db.transaction().execute(helper)).tags, ['page'])

        const trx = await db.startTransaction().execute()
        const kept = await outbox.add(trx, ['kept'])
        const inner = await trx.savepoint('inner').execute()
        t.strictSame((await outbox.add(inner, ['undone'])).tags, ['undone', 'page'])
        await inner.rollbackToSavepoint('inner').execute()
        await trx.commit().execute()
        t.strictSame(kept.tags, ['kept', 'page'])
      }
    )
    t.equal(await outbox.pending(), 3, 'a rollback undoes only its own ticket')
  }
)

t.test('tags are read when a ticket is created; nested calls add up', async (t) => {
  const { connect } = await newFile(t)
  const db = connect()
  const outbox = createOutbox({ db, invalidate: async () => {} })
  const tagsOf = async (tag: string) =>
    (await db.transaction().execute((trx) => outbox.add(trx, [tag]))).tags
  const known = ['page']
  await outbox.withTags(() => known, async () => {
    t.strictSame(await tagsOf('a'), ['a', 'page'])
    known.push('made')
    t.strictSame(await tagsOf('b'), ['b', 'page', 'made'])
    t.strictSame(
      await outbox.withTags(
        () => ['part', 'made'],
        () => tagsOf('c')
      ),
      ['c', 'page', 'made', 'part']
    )
    t.strictSame(await tagsOf('d'), ['d', 'page', 'made'])
  })
})

t.test('concurrent contexts are independent', async (t) => {
  const { connect } = await newFile(t)
  const db = connect()
  const outbox = createOutbox({ db, invalidate: async () => {} })
  const names = Array.from({ length: 20 }, (_, i) => `${i}`)
  const tickets = await Promise.all(
    names.map((name) =>
      outbox.withTags(
        () => [`page ${name}`],
        async () => {
          await turn()
          return db.transaction().execute(async (trx) => {
            await turn()
            return outbox.add(trx, [name])
          })
        }
      )
    )
  )
  t.strictSame(tickets.map(({ tags }) => tags), names.map((name) => [name, `page ${name}`]))
})

t.test('tickets of another outbox, and those of queue, are not affected', async (t) => {
  const { connect } = await newFile(t)
  const db = connect()
  const pages = createOutbox({ db, invalidate: async () => {} })
  const queries = createOutbox({ db, namespace: 'queries', invalidate: async () => {} })
  await pages.withTags(() => ['page'], async () => {
    t.strictSame((await db.transaction().execute((trx) => queries.add(trx, ['a']))).tags, ['a'])
    t.strictSame((await pages.queue(['a'])).tags, ['a'])
  })
})

t.test('an invalid tag is rejected here as well, and the transaction may continue', async (t) => {
  const { connect } = await newFile(t)
  const db = connect()
  const outbox = createOutbox({ db, invalidate: async () => {} })
  await outbox.withTags(() => ['page', ''], () => db.transaction().execute(async (trx) => {
    await t.rejects(outbox.add(trx, ['a']), { code: 'WEIR_OUTBOX_INVALID_TAG' })
  }))
  t.equal(await outbox.pending(), 0)
})
