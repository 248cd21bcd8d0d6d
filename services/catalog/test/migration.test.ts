import { once } from 'node:events'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { Kysely, Migrator, SqliteDialect } from 'kysely'
import t, { type Test } from 'tap'
import { migrations } from '../src/db/migrations.js'
import { openCatalog } from '../src/db/open.js'
import { listProducts } from '../src/products/list.js'
import { connect } from './support/database.js'
import { startProgram } from './support/process.js'
import { tempDir } from './support/temp-dir.js'

/** Returns a database from before names had keys and the search index its own words. */
async function formerShop (t: Test): Promise<string> {
  const file = join(await tempDir(t), 'catalog.db')
  const sqlite = new Database(file)
  const db = new Kysely<unknown>({ dialect: new SqliteDialect({ database: sqlite }) })
  const { error } = await new Migrator({ db, provider: migrations }).migrateTo('0004-outbox-tags')
  t.equal(error, undefined)
  sqlite.exec(`
    insert into categories (slug, name, description, created_at, updated_at) values ('all', 'All', '', '', '');
    insert into products (sku, name, description, category_id, price, currency, stock, created_at, updated_at)
    select 'P-' || key, value, '', 1, 1, 'EUR', 0, '2024-01-01T00:00:00.000Z', '2024-01-01T00:00:00.000Z'
    from json_each('["Zebra","Ärmel","azur","東京タワー","Arm","Café"]')`)
  await db.destroy()
  return file
}

t.test('an old database is upgraded when it is opened', async (t) => {
  const file = await formerShop(t)
  const database = await openCatalog(file)
  t.teardown(() => database.close())
  const names = async (q?: string) =>
    (await listProducts(database.read, { page: 1, limit: 10, sort: 'name', q })).items.map(
      ({ name }) => name
    )
  t.same(await names(), ['Arm', 'Ärmel', 'azur', 'Café', 'Zebra', '東京タワー'])
  t.same(await names('京タ'), ['東京タワー'])
  t.same(await names('cafe'), ['Café'])
})

t.test('several instances may upgrade it at once', async (t) => {
  const file = await formerShop(t)
  const openers = [1, 2, 3].map(() => startProgram(t, 'test/support/opener.js', [file]))
  await Promise.all(openers.map((opener) => once(opener, 'message')))
  const answers = openers.map((opener) => once(opener, 'message'))
  for (const opener of openers) opener.send('open')
  for (const [answer] of await Promise.all(answers)) t.same(answer, { products: 6, categories: 1 })
  const sql = connect(t, file)
  t.equal(sql.prepare('select count(*) from kysely_migration').pluck().get(), 8)
  t.equal(sql.pragma('integrity_check', { simple: true }), 'ok')
})

t.test('lists are read in the order of an index', async (t) => {
  const file = await formerShop(t)
  await (await openCatalog(file)).close()
  const sql = connect(t, file)
  for (const column of ['name_key', 'price', 'created_at']) {
    for (const [direction, sign] of [['asc', '>'], ['desc', '<']]) {
      const plan = sql
        .prepare<[], { detail: string }>(
          `explain query plan select * from products
        where (${column}, id) ${sign} (1, 1) order by ${column} ${direction}, id ${direction} limit 21`
        )
        .all()
        .map(({ detail }) => detail)
      t.match(plan, [/^SEARCH products USING INDEX products_by_\w+ \(/], `${column} ${direction}`)
      t.equal(plan.length, 1, 'nothing is sorted')
    }
  }
})
