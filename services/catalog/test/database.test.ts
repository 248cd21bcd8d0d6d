import { once } from 'node:events'
import { join } from 'node:path'
import t from 'tap'
import { openCatalog } from '../src/db/open.js'
import { whileBusy } from '../src/db/while-busy.js'
import { listProducts } from '../src/products/list.js'
import { sortKey } from '../src/text/sort-key.js'
import { checkConcurrentWrites } from './support/concurrent-writes.js'
import { connect } from './support/database.js'
import { killedWhileWriting, startProgram } from './support/process.js'
import { tempDir } from './support/temp-dir.js'

t.test('instances that start at the same instant find one complete shop', async (t) => {
  const file = join(await tempDir(t), 'catalog.db')
  const openers = [1, 2, 3].map(() => startProgram(t, 'test/support/opener.js', [file]))
  await Promise.all(openers.map((opener) => once(opener, 'message')))
  const answers = openers.map((opener) => once(opener, 'message'))
  for (const opener of openers) opener.send('open')
  for (const [answer] of await Promise.all(answers)) {
    t.same(answer, { products: 10_000, categories: 40 })
  }

  const database = connect(t, file)
  t.equal(database.pragma('integrity_check', { simple: true }), 'ok')
  t.equal(database.pragma('journal_mode', { simple: true }), 'wal')
  t.equal(database.prepare('select count(*) from kysely_migration').pluck().get(), 8)
})

t.test('an instance killed while seeding leaves nothing half-done', async (t) => {
  const directory = await tempDir(t)
  const file = join(directory, 'catalog.db')
  await killedWhileWriting(t, file, 'test/support/seeder.js', [file])

  const database = await openCatalog(file)
  t.teardown(() => database.close())
  const { total } = await listProducts(database.read, { page: 1, limit: 1, sort: 'newest' })
  t.equal(total, 10_000)
  t.equal(connect(t, file).pragma('integrity_check', { simple: true }), 'ok')
})

t.test('an emptied shop is not seeded again', async (t) => {
  const file = join(await tempDir(t), 'catalog.db')
  const first = await openCatalog(file)
  await first.write(async (transaction) => {
    await transaction.deleteFrom('products').execute()
    await transaction.deleteFrom('categories').execute()
  })
  await first.close()
  const second = await openCatalog(file)
  t.teardown(() => second.close())
  t.same(await listProducts(second.read, { page: 1, limit: 1, sort: 'newest' }), {
    items: [],
    hasMore: false,
    total: 0
  })
})

t.test('the sample shop looks like a real one', async (t) => {
  const file = join(await tempDir(t), 'catalog.db')
  const database = await openCatalog(file)
  t.teardown(() => database.close())
  const sql = connect(t, file)
  const value = (query: string) => Number(sql.prepare(query).pluck().get())
  t.equal(value('select count(distinct sku) from products'), 10_000)
  t.equal(value('select count(distinct name) from products'), 10_000)
  t.ok(value('select min(price) from products') > 0)
  t.ok(
    value('select avg(price) from products') >
      1.5 * value('select price from products order by price limit 1 offset 5000'),
    'many cheap products and a few expensive ones'
  )
  const soldOut = value('select count(*) from products where stock = 0')
  t.ok(soldOut > 500 && soldOut < 1_200, `${soldOut} are sold out`)
})

t.test('search and order match the products after any write', async (t) => {
  const file = join(await tempDir(t), 'catalog.db')
  const database = await openCatalog(file)
  t.teardown(() => database.close())
  await database.write(async (transaction) => {
    await transaction
      .updateTable('products')
      .set({ name: 'Zyzzyva' })
      .where('id', '<', 10)
      .execute()
    await transaction
      .updateTable('products')
      .set({ description: 'zyzzyva' })
      .where('id', '=', 10)
      .execute()
    await transaction.updateTable('products').set({ stock: 7 }).where('id', '<', 20).execute()
    await transaction.updateTable('products').set({ id: 20_000 }).where('id', '=', 6).execute()
    await transaction.deleteFrom('products').where('id', '=', 5).execute()
  })
  const found = await listProducts(database.read, {
    page: 1,
    limit: 20,
    sort: 'oldest',
    q: 'zyzzyva'
  })
  t.equal(found.total, 9)
  t.same(found.items.map(({ id }) => id).sort((a, b) => a - b), [1, 2, 3, 4, 7, 8, 9, 10, 20_000])
  const sql = connect(t, file)
  t.doesNotThrow(() =>
    sql.exec("insert into product_search (product_search) values ('integrity-check')")
  )
  t.equal(
    sql
      .prepare('select count(*) from products where id not in (select rowid from product_search)')
      .pluck()
      .get(),
    0
  )
  t.equal(
    sql
      .prepare('select count(*) from product_search where rowid not in (select id from products)')
      .pluck()
      .get(),
    0
  )
  for (const [name, key] of sql
    .prepare<[], [string, string]>('select name, name_key from products')
    .raw()
    .all()) {
    if (sortKey(name) !== key) t.fail(name)
  }
  t.throws(
    () => sql.exec("update products set name = 'x'"),
    /no such function/,
    'no write without the functions that maintain them'
  )
})

t.test('a write replaces exactly what it has read in its transaction', async (t) => {
  await checkConcurrentWrites(t, join(await tempDir(t), 'catalog.db'))
})

t.test('a lock that is never released is an error after the allowed time', async (t) => {
  const file = join(await tempDir(t), 'plain.db')
  const holder = connect(t, file)
  holder.exec('create table thing (id integer); begin immediate')
  const waiter = connect(t, file)
  waiter.pragma('busy_timeout = 0')
  await t.rejects(whileBusy(20, () => waiter.exec('begin immediate')), { code: 'SQLITE_BUSY' })
  const waiting = whileBusy(60_000, () => waiter.exec('begin immediate'))
  holder.exec('commit')
  await waiting
  t.ok(waiter.inTransaction)
  await t.rejects(
    whileBusy(60_000, () => waiter.exec('nonsense')),
    { code: 'SQLITE_ERROR' },
    'other errors are not retried'
  )
})
