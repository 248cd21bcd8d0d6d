import { sql } from 'kysely'
import t from 'tap'
import { cached, invalidates } from '../src/index.js'
import { enginesOf, newShop } from './database.js'

for (const engine of await enginesOf(t)) {
  t.test(engine.name, async (t) => {
    t.test(
      'a query with cached() goes to the database once, and again after a write of its table',
      async (t) => {
        const { cachedDb, statements } = await newShop(t, engine)
        const names = () =>
          cachedDb
            .selectFrom('products')
            .select('name')
            .orderBy('name')
            .$call(cached({ ttl: '1m' }))
            .execute()
        t.strictSame(await names(), [{ name: 'hose' }, { name: 'kettle' }, { name: 'pan' }])
        t.strictSame(await names(), await names())
        t.equal(statements().length, 1)

        const result = await cachedDb
          .insertInto('products')
          .values({ name: 'rake', price: 30 })
          .executeTakeFirst()
        t.equal(result.numInsertedOrUpdatedRows, 1n)
        t.match(await names(), [{}, {}, {}, { name: 'rake' }])
        await cachedDb.updateTable('categories').set({ name: 'x' }).execute()
        statements()
        await names()
        t.strictSame(statements(), [], 'of its table only')
      }
    )

    t.test('a query without cached() is not cached', async (t) => {
      const { cachedDb, statements } = await newShop(t, engine)
      await cachedDb.selectFrom('products').selectAll().execute()
      await cachedDb.selectFrom('products').selectAll().execute()
      t.equal(statements().length, 2)
    })

    t.test('a query by primary key is invalidated with its row', async (t) => {
      const { cachedDb, statements } = await newShop(t, engine)
      const product = (id: number) =>
        cachedDb
          .selectFrom('products')
          .selectAll()
          .where('id', '=', id)
          .$call(cached({ ttl: '1m' }))
          .executeTakeFirst()
      const asked = async (id: number) => {
        statements()
        await product(id)
        return statements().length === 1
      }
      await product(1)
      await product(2)
      await product(9)
      t.equal(await asked(9), false, 'the absence of a row is cached too')

      await cachedDb.updateTable('products').set({ price: 1 }).where('id', '=', 2).execute()
      t.equal(await asked(1), false)
      t.equal(await asked(2), true)
      await cachedDb.deleteFrom('products').where('id', 'in', [2, 3]).execute()
      t.equal(await asked(1), false)
      t.equal(await product(2), undefined)

      await cachedDb.insertInto('products').values({ name: 'rake', price: 30 }).execute()
      t.equal(await asked(1), false, 'a new row is not one that existed')
      t.equal(await asked(9), true, 'but may be one that did not')
      await cachedDb.insertInto('products').values({ id: 9, name: 'saw', price: 30 }).execute()
      t.match(await product(9), { name: 'saw' })

      await cachedDb
        .updateTable('products')
        .set({ price: 2 })
        .where('name', '=', 'kettle')
        .execute()
      t.match(await product(1), { price: 2 })
      await cachedDb.updateTable('products').set({ id: 1000 }).where('id', '=', 1).execute()
      t.equal(await product(1), undefined)
    })

    t.test('an upsert on another column invalidates every row', async (t) => {
      const { cachedDb } = await newShop(t, engine)
      const kettle = () =>
        cachedDb
          .selectFrom('products')
          .selectAll()
          .where('id', '=', 1)
          .$call(cached({ ttl: '1m' }))
          .executeTakeFirst()
      await kettle()
      await cachedDb.insertInto('products').values({ id: 77, name: 'kettle', price: 3 })
        .onConflict((on) => on.column('name').doUpdateSet({ price: 3 })).execute()
      t.match(await kettle(), { price: 3 })
      await cachedDb.insertInto('products').values({ id: 1, name: 'kettle', price: 3 })
        .onConflict((on) => on.column('id').doUpdateSet({ price: 4 })).execute()
      t.match(await kettle(), { price: 4 })
    })

    t.test(
      'a transaction reads its own writes, and invalidates results when it is committed, not before',
      async (t) => {
        const { cachedDb, connect, outbox } = await newShop(t, engine)
        const priceOf = (db: typeof cachedDb) =>
          db
            .selectFrom('products')
            .select('price')
            .where('id', '=', 1)
            .$call(cached({ ttl: '1m' }))
            .executeTakeFirstOrThrow()
        await priceOf(cachedDb)
        await cachedDb.transaction().execute(async (trx) => {
          await trx.updateTable('products').set({ price: 51 }).where('id', '=', 1).execute()
          t.strictSame(await priceOf(trx), { price: 51 })
          t.strictSame(await priceOf(connect()), { price: 50 })
          t.equal(await outbox.pending().catch(() => 0), 0)
        })
        t.strictSame(await priceOf(cachedDb), { price: 51 })
      }
    )

    t.test('a rollback invalidates nothing', async (t) => {
      const { cachedDb, invalidated, outbox } = await newShop(t, engine)
      await t.rejects(cachedDb.transaction().execute(async (trx) => {
        await trx.updateTable('products').set({ price: 51 }).execute()
        throw new Error('no')
      }), { message: 'no' })
      await t.rejects(
        cachedDb.insertInto('products').values({ id: 1, name: 'again', price: 1 }).execute()
      )
      const trx = await cachedDb.startTransaction().execute()
      await trx.updateTable('categories').set({ name: 'kept' }).execute()
      const saved = await trx.savepoint('before').execute()
      await saved.updateTable('products').set({ price: 51 }).execute()
      await saved.rollbackToSavepoint('before').execute()
      t.strictSame(invalidated, [])
      await trx.commit().execute()
      t.strictSame(invalidated, [['query:table:categories', 'query:rows:categories']])
      t.equal(await outbox.pending(), 0)
    })

    t.test(
      'commit() of a controlled transaction resolves when its writes are delivered',
      async (t) => {
        const { cachedDb, invalidated } = await newShop(t, engine)
        const began = performance.now()
        const trx = await cachedDb.startTransaction().execute()
        await trx.updateTable('products').set({ price: 51 }).execute()
        await trx.commit().execute()
        t.equal(invalidated.length, 1)
        t.ok(performance.now() - began < 1500, 'the outbox got the connection')
        await cachedDb.connection().execute(async (db) => {
          await db.updateTable('categories').set({ name: 'x' }).where('id', '=', 1).execute()
        })
        t.equal(invalidated.length, 2)
      }
    )

    t.test('raw SQL', async (t) => {
      const { cachedDb, invalidated, statements } = await newShop(t, engine)
      const count = (tables?: string[]) =>
        cached({ ttl: '1m', ...(tables && { tables }) })(
          sql<{ n: number }>`select count(*) as n from products`
        )
      await t.rejects(count().execute(cachedDb), { code: 'WEIR_QUERY_UNKNOWN_TABLES' })
      await count(['products']).execute(cachedDb)
      t.match(
        (await count(['products']).execute(cachedDb)).rows,
        [{ n: 3 }].map(({ n }) => ({ n: engine.name === 'SQLite' ? n : String(n) }))
      )
      t.equal(statements().length, 1)
      t.strictSame(invalidated, [], 'a read invalidates nothing')

      await sql`update products set price = 7 where id = 1`.execute(cachedDb)
      t.strictSame(invalidated.splice(0), [['query:all']])
      await invalidates({ tables: ['Products'] })(
        sql`update products set price = 8 where id = 1`
      ).execute(cachedDb)
      t.strictSame(invalidated.splice(0), [['query:table:products', 'query:rows:products']])
      await t.rejects(sql`begin`.execute(cachedDb), { code: 'WEIR_QUERY_RAW_TRANSACTION' })
      await sql`analyze`.execute(cachedDb)
      t.strictSame(invalidated, [])
    })

    t.test('a schema change invalidates everything', async (t) => {
      const { cachedDb, invalidated } = await newShop(t, engine)
      await cachedDb.schema.alterTable('products').addColumn('note', 'text').execute()
      t.strictSame(invalidated, [['query:all']])
    })

    t.test('views and cascades by `affects`', async (t) => {
      const affects = { products: ['cheap_products', 'orders'] }
      const { cachedDb } = await newShop(t, engine, { affects })
      const cheap = () =>
        cachedDb
          .selectFrom('cheap_products')
          .select('name')
          .orderBy('name')
          .$call(cached({ ttl: '1m' }))
          .execute()
      const orders = () =>
        cachedDb
          .selectFrom('orders')
          .selectAll()
          .$call(cached({ ttl: '1m' }))
          .execute()
      await cachedDb.insertInto('orders').values({ id: 1, product_id: 1 }).execute()
      t.equal((await cheap()).length, 2)
      t.equal((await orders()).length, 1)
      await cachedDb.deleteFrom('products').where('id', '=', 1).execute()
      t.strictSame(await cheap(), [{ name: 'pan' }])
      t.strictSame(await orders(), [])
    })
  })
}
