import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import {
  CamelCasePlugin,
  Kysely,
  type KyselyPlugin,
  Migrator,
  ParseJSONResultsPlugin,
  sql,
  type Migration,
  type SqlBool
} from 'kysely'
import t, { type Test } from 'tap'
import { createCache } from '@weir/cache'
import { memoryStore } from '@weir/cache/memory'
import { Random } from '@weir/internal/testing'
import { createOutbox, makeOutboxMigration, type OutboxSchema } from '@weir/outbox'
import { cached, invalidates, type QueryEvents, tableTags, withQueryCache } from '../src/index.js'
import { enginesOf, newShop, type Schema, sqlite } from './database.js'
import { rowKey } from '../src/tags.js'
import { idleOutbox } from './options-for.js'

/** Records the messages on a channel until the end of the test. */
function record<E extends keyof QueryEvents> (t: Test, name: E): QueryEvents[E][] {
  const messages: QueryEvents[E][] = []
  // emit() ensures that the channel carries the type its name stands for.
  const listen = (message: unknown) => { messages.push(message as QueryEvents[E]) }
  subscribe(name, listen)
  t.teardown(() => { unsubscribe(name, listen) })
  return messages
}

function freeze (value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  Object.values(Object.freeze(value)).forEach(freeze)
}

const engines = await enginesOf(t)

for (const engine of engines) {
  t.test(engine.name, async (t) => {
    t.test('results keep their types, and are shared', async (t) => {
      const { cachedDb } = await newShop(t, engine)
      const list = () =>
        cachedDb
          .selectFrom('products')
          .select(['name', 'price'])
          .orderBy('id')
          .$call(cached({ ttl: '1m' }))
      const rows: { name: string, price: number }[] = await list().execute()
      freeze(rows)
      t.equal(await list().execute(), rows)
      t.equal(await list().executeTakeFirst(), rows[0])
      const first: { name: string, price: number } = await list().executeTakeFirstOrThrow()
      t.equal(first, rows[0])
      await t.rejects(list().where('id', '=', 99).executeTakeFirstOrThrow(), {
        message: 'no result'
      })

      const kinds =
        engine.name === 'SQLite'
          ? sql<{ a: unknown }>`select x'616263' as a, 1.5 as b, null as c`
          : sql<{
            a: unknown
          }>`select 'abc'::bytea as a, timestamptz '2026-01-01 00:00Z' as b, null as c, '{"x":[1]}'::jsonb as d, 9007199254740993::int8 as e`
      const query = cached({ ttl: '1m', tables: [] })(kinds)
      t.strictSame((await query.execute(cachedDb)).rows, (await kinds.execute(cachedDb)).rows)
      t.equal((await query.execute(cachedDb)).rows, (await query.execute(cachedDb)).rows)
    })

    t.test('plugins change no types, and writes are not cached', async (t) => {
      const plugins = [new CamelCasePlugin(), new ParseJSONResultsPlugin()]
      const { cachedDb, db } = await newShop(t, engine, { plugins })
      const kinds =
        engine.name === 'SQLite'
          ? sql<object>`select x'616263' as a_a, 1.5 as b, null as c, '[{"x_y":1}]' as d`
          : sql<object>`select 'abc'::bytea as a_a, timestamptz '2026-01-01 00:00Z' as b, null as c, '[{"x_y":1}]'::jsonb as d, array[1] as e`
      const { rows } = await kinds.execute(db)
      const query = cached({ ttl: '1m', tables: [] })(kinds)
      for (let i = 0; i < 3; i++) {
        const [row] = (await query.execute(cachedDb)).rows
        t.strictSame([row], rows)
        for (const name of Object.keys(row ?? {})) {
          const classes = [row, rows[0]].map((each): unknown =>
            Object.getPrototypeOf(Object(Reflect.get(each ?? {}, name)))
          )
          t.equal(classes[0], classes[1], name)
        }
      }
      if (engine.name === 'Postgres') {
        const interval = cached({ ttl: '1m', tables: [] })(
          sql<{ a: object }>`select interval '3 hours' as a`
        )
        const found = await Promise.all([1, 2, 3].map(() => interval.execute(cachedDb)))
        for (const { rows } of found) t.equal(rows[0]?.a.constructor.name, 'PostgresInterval')
      }

      const product = { name: 'rake', price: 30 }
      const refused = { code: 'WEIR_QUERY_NOT_CACHEABLE', message: /writes/ }
      await t.rejects(
        cachedDb
          .insertInto('products')
          .values(product)
          .$call(cached({ ttl: '1m' }))
          .execute(),
        refused
      )
      await t.rejects(
        cachedDb.updateTable('products').set(product).$call(cached()).returning('id').execute(),
        refused
      )
      await t.rejects(cachedDb.deleteFrom('products').$call(cached()).execute(), refused)
      await t.rejects(
        cached({ tables: ['products'] })(sql`delete from products`).execute(cachedDb),
        refused
      )
      await cachedDb.transaction().execute(async (trx) => {
        await t.rejects(trx.deleteFrom('products').$call(cached()).execute(), refused)
      })
      await cachedDb.deleteFrom('products').where('id', '=', 1).$call(cached({ ttl: 0 })).execute()
      const all = cached({ ttl: '1m' })(cachedDb)
      const ids = () => all.selectFrom('products').select('id').execute()
      t.strictSame(await ids(), await ids(), 'cached() of a whole database caches its selects')
      t.equal((await ids()).length, 2)
      await all.deleteFrom('products').where('id', '=', 2).execute()
      await all
        .transaction()
        .execute((trx) => trx.deleteFrom('products').where('id', '=', 3).execute())
      t.strictSame(await ids(), [])
    })

    t.test('quoted and schema-qualified names refer to the same tables', async (t) => {
      const schema = engine.name === 'SQLite' ? 'main' : 'public'
      const names = [`${schema}.Products`, `"${schema}"."products"`, ' PRODUCTS ']
      for (const name of names) {
        const { cachedDb, cache } = await newShop(t, engine, {
          primaryKeys: { [name]: 'id' },
          affects: { [name]: [`${schema}.cheap_products`] },
          ttl: { [name]: '1m' }
        })
        const reads = {
          declared: () =>
            cached({ ttl: '1m', tables: [name] })(
              sql<{ price: number }>`select price from products where id = 1`
            )
              .execute(cachedDb)
              .then(({ rows }) => rows[0]),
          row: () =>
            cachedDb.selectFrom('products').select('price').where('id', '=', 1).executeTakeFirst(),
          list: () =>
            cachedDb.selectFrom('products').select('price').orderBy('id').executeTakeFirst(),
          view: () =>
            cachedDb
              .selectFrom('cheap_products')
              .select('price')
              .orderBy('id')
              .$call(cached({ ttl: '1m' }))
              .executeTakeFirst()
        }
        let price = 50
        const check = async (what: string) => {
          for (const [read, run] of Object.entries(reads)) {
            t.strictSame(await run(), { price }, `${read} of ${name}, ${what}`)
          }
        }
        await check('filled')
        price = 51
        await cachedDb.updateTable('products').set({ price }).where('id', '=', 1).execute()
        await check('updated')
        price = 52
        await invalidates({ tables: [name] })(
          sql`update products set price = 52 where id = 1`
        ).execute(cachedDb)
        await check('raw')
        price = 53
        const other = sql`update products set price = 53 where id = 1`
        await invalidates({ tables: [] })(other).execute(cachedDb)
        await cache.invalidate([...tableTags(name), ...tableTags(`${schema}.cheap_products`)])
        await check('told')
      }
    })

    t.test(
      'RETURNING, counts, streams and failing writes behave as without the cache',
      async (t) => {
        const { cachedDb, db, invalidated } = await newShop(t, engine)
        const value = { name: 'rake', price: 30 }
        t.strictSame(
          await cachedDb.insertInto('products').values(value).returning('name').execute(),
          [{ name: 'rake' }]
        )
        t.strictSame(
          await cachedDb
            .updateTable('products')
            .set({ price: 1 })
            .where('id', '<', 3)
            .executeTakeFirst(),
          await db.updateTable('products').set({ price: 1 }).where('id', '<', 3).executeTakeFirst()
        )
        t.strictSame(
          await cachedDb.deleteFrom('products').where('id', '=', 99).execute(),
          await db.deleteFrom('products').where('id', '=', 99).execute()
        )
        const reason = await db
          .insertInto('products')
          .values(value)
          .execute()
          .catch((error: unknown) => error)
        await t.rejects(cachedDb.insertInto('products').values(value).execute(), {
          message: reason instanceof Error ? reason.message : ''
        })
        t.ok(invalidated.length === 3)
        if (engine.name === 'Postgres') return
        const streamed = []
        for await (const row of cachedDb
          .selectFrom('products')
          .select('id')
          .orderBy('id')
          .$call(cached({ ttl: '1m' }))
          .stream()) { streamed.push(row) }
        t.equal(streamed.length, 4)
        for await (const row of cachedDb
          .deleteFrom('products')
          .where('id', '=', 1)
          .returning('id')
          .stream()) { streamed.push(row) }
        t.equal(streamed.length, 5)
        t.equal(invalidated.length, 4)
      }
    )

    t.test(
      'statements not allowed in a transaction run outside of one, and invalidate what they may have changed',
      async (t) => {
        const { cachedDb, db, invalidated, outbox } = await newShop(t, engine)
        const prices = () =>
          cachedDb
            .selectFrom('products')
            .select('price')
            .where('id', '=', 1)
            .$call(cached({ ttl: '1m' }))
            .executeTakeFirst()
        const statements =
          engine.name === 'SQLite'
            ? ['vacuum', 'pragma journal_mode = delete']
            : [
                'create index concurrently by_price on products (price)',
                'create database another',
                "alter system set work_mem = '8MB'",
                'vacuum products',
                'reindex table concurrently products'
              ]
        for (const statement of statements) {
          await sql.raw(statement).execute(cachedDb)
          await invalidates({ tables: [] })(
            sql.raw(statement.replace(/by_price|another/, '$&2'))
          ).execute(cachedDb)
          invalidated.splice(0)
          await invalidates({ tables: ['products'] })(
            sql.raw(statement.replace(/by_price|another/, '$&3'))
          ).execute(cachedDb)
          for (const tags of invalidated) t.strictSame(tags, tableTags('products'))
          t.ok(invalidated.length > 0, statement)
        }
        t.equal(await outbox.pending(), 0)
        if (engine.name === 'SQLite') return

        await prices()
        await sql`do $$ begin update products set price = 7 where id = 1; commit; update products set price = 8 where id = 1; end $$`.execute(
          cachedDb
        )
        t.strictSame(await prices(), { price: 8 })
        await sql`create procedure raise_all() language plpgsql as $$ begin update products set price = 9; commit; end $$`.execute(
          cachedDb
        )
        await cachedDb.connection().execute(async (own) => {
          await sql`call raise_all()`.execute(own)
        })
        t.strictSame(await prices(), { price: 9 })
        await t.rejects(
          sql`do $$ begin update products set price = 10; commit; raise 'no'; end $$`.execute(
            cachedDb
          ),
          { message: 'no' }
        )
        t.strictSame(await prices(), { price: 10 }, 'part of it was committed')
        await t.rejects(
          cachedDb.transaction().execute((trx) => sql`call raise_all()`.execute(trx)),
          { code: '2D000' }
        )
        t.equal(await outbox.pending(), 0)

        await outbox.stop()
        await sql`create table seen as select 0 as n`.execute(db)
        await sql`do $$ begin update seen set n = (select count(*) from weir_outbox_tags); commit; end $$`.execute(
          cachedDb
        )
        t.match(
          (await sql`select n from seen`.execute(db)).rows,
          [{ n: 1 }],
          'written before it, in case the process dies'
        )
      }
    )

    t.test('tables that the database changes with others, by `affects`', async (t) => {
      type Row = Record<'id' | 'r', number>
      type Family = Record<'part' | 'part_1' | 'part_2' | 'par' | 'chi', Row> & {
        owners: { id: number }
        pets: { id: number, owner_id: number | null }
      }
      type Write = () => { execute (): Promise<unknown> }
      const isPostgres = engine !== sqlite
      const { db, cachedDb } = await newShop(t, engine, {
        affects: {
          owners: ['pets'],
          part: ['part_1', 'part_2'],
          part_1: ['part'],
          part_2: ['part'],
          par: ['chi'],
          chi: ['par']
        },
        primaryKeys: { owners: 'id', pets: 'id', part: 'id', part_1: 'id', par: 'id', chi: 'id' }
      })
      await sql`create table owners (id integer primary key)`.execute(db)
      await sql`create table pets (id integer primary key,
        owner_id integer references owners on update cascade on delete set null)`.execute(db)
      if (isPostgres) {
        await sql`create table part (id integer, r integer) partition by list (r)`.execute(db)
        await sql`create table part_1 partition of part for values in (1)`.execute(db)
        await sql`create table part_2 partition of part for values in (2)`.execute(db)
        await sql`create table par (id integer, r integer)`.execute(db)
        await sql`create table chi () inherits (par)`.execute(db)
      }
      const [plain, cachedFamily] = [db.withTables<Family>(), cachedDb.withTables<Family>()]
      const random = new Random(Number(process.env['SEED'] ?? 1))
      const id = () => random.integer(1, 3)
      const rows = ['part', 'part_1', 'part_2', 'par', 'chi'] as const
      const writes: [Write, ...Write[]] = [
        () => cachedFamily.insertInto('owners').values({ id: id() }),
        () => cachedFamily.updateTable('owners').set({ id: id() }).where('id', '=', id()),
        () => cachedFamily.deleteFrom('owners').where('id', '=', id()),
        () => cachedFamily.insertInto('pets').values({ id: id(), owner_id: id() }),
        ...(isPostgres ? rows : []).flatMap((table) => [
          () => cachedFamily.insertInto(table).values({ id: id(), r: random.integer(1, 2) }),
          () => cachedFamily.updateTable(table).set({ r: random.integer(1, 2) }).where('id', '=', id()),
          () => cachedFamily.deleteFrom(table).where('id', '=', id())
        ])
      ]
      const tables = ['owners', 'pets', ...(isPostgres ? rows : [])] as const
      let changed = 0
      for (let round = 0; round < 25; round++) {
        for (const table of tables) {
          const read = (from: Kysely<Family>, isAll: boolean) =>
            from.selectFrom(table).selectAll().$if(!isAll, (query) => query.where('id', '=', 1))
              .orderBy('id')
          for (const isAll of [true, false]) {
            const query = read(cachedFamily, isAll).$call(cached({ ttl: '1m' }))
            const [a, b] = [await query.execute(), await read(plain, isAll).execute()]
            if (JSON.stringify(a) !== JSON.stringify(b)) t.strictSame(a, b, table)
          }
        }
        await random.pick(writes)().execute().then(() => changed++, (error: unknown) => {
          if (!/constraint|no partition/.test(String(error))) throw error
        })
      }
      t.ok(changed > 8, `${changed} writes`)
    })

    t.test('migrations run through it, including the outbox\'s own', async (t) => {
      const { dialect } = await engine.newDatabase(t)
      const db = new Kysely<OutboxSchema>({ dialect: dialect() })
      t.teardown(() => db.destroy())
      const cache = createCache({ store: memoryStore(), namespace: 'queries' })
      const told: string[] = []
      const outbox = createOutbox({
        db,
        namespace: 'queries',
        invalidate: async (tags) => {
          told.push(...tags)
        }
      })
      const cachedDb = withQueryCache(db, { cache, outbox })
      const make = (name: string): Migration => ({
        up: (db) => db.schema.createTable(name).addColumn('id', 'integer').execute()
      })
      const migrateTo = async (migrations: Record<string, Migration>) => {
        const { error } = await new Migrator({
          db: cachedDb,
          provider: { getMigrations: async () => migrations }
        }).migrateToLatest()
        if (error !== undefined) throw new Error('not migrated', { cause: error })
      }
      await migrateTo({ 1: make('a') })
      t.strictSame(told, [], 'there is no outbox yet')
      await migrateTo({ 1: make('a'), 2: makeOutboxMigration('queries') })
      told.splice(0)
      await migrateTo({ 1: make('a'), 2: makeOutboxMigration('queries'), 3: make('b') })
      t.ok(told.includes('query:all'))
      t.equal(await outbox.pending(), 0)
    })
  })
}

t.test('every query by option, or those of listed tables', async (t) => {
  const bypassed = record(t, 'weir:query:bypass')
  const { cachedDb, statements } = await newShop(t, sqlite, { ttl: '1m' })
  const products = () => cachedDb.selectFrom('products').selectAll()
  await products().execute()
  await products().execute()
  t.equal(statements().length, 1)
  await products().$call(cached({ ttl: 0 })).execute()
  await products().where(sql<SqlBool>`price > random()`).execute()
  t.equal(statements().length, 2)
  t.match(bypassed, [{ reason: 'query', detail: /random\(\)/ }])

  const listed = await newShop(t, sqlite, { ttl: { Products: '1m' } })
  const queries = [
    listed.cachedDb.selectFrom('products').selectAll(),
    listed.cachedDb.selectFrom('categories').selectAll(),
    listed.cachedDb.selectFrom(['products', 'categories']).select('price')
  ]
  for (const query of [...queries, ...queries]) await query.execute()
  t.equal(listed.statements().length, 5)
  await t.rejects(listed.cachedDb.selectFrom('categories').selectAll().$call(cached()).execute(), {
    code: 'WEIR_QUERY_INVALID_OPTION'
  })
})

t.test(
  'within a transaction, and while the outbox is not drained, queries go to the database',
  async (t) => {
    const bypassed = record(t, 'weir:query:bypass')
    const { cachedDb, outbox, statements } = await newShop(t, sqlite)
    const list = (db: typeof cachedDb) =>
      db
        .selectFrom('products')
        .select('id')
        .$call(cached({ ttl: '1m' }))
        .execute()
    await cachedDb.transaction().execute(async (trx) => {
      await list(trx)
    })
    await list(cachedDb)
    await cachedDb.connection().execute(async (db) => {
      await list(db)
    })
    await outbox.stop()
    await list(cachedDb)
    t.equal(statements().filter((text) => text.startsWith('select')).length, 4)
    t.strictSame(
      bypassed.map(({ reason }) => reason),
      ['transaction', 'transaction', 'outbox']
    )
  }
)

t.test('several transactions on one connection, with what they declare', async (t) => {
  const { cachedDb, invalidated } = await newShop(t, engines[1] ?? sqlite)
  await cachedDb.connection().execute(async (db) => {
    await db.transaction().execute(async (trx) => {
      await invalidates({ tables: ['categories'], tags: ['menu'] })(sql`select 1`).execute(trx)
    })
    t.strictSame(invalidated.splice(0), [[...tableTags('categories'), 'menu']])
    await db.transaction().setIsolationLevel('serializable').execute(async (trx) => {
      t.match((await sql`show transaction_isolation`.execute(trx)).rows, [
        { transaction_isolation: 'serializable' }
      ])
    })
  })
  t.strictSame(invalidated, [])
})

t.test('a fill waits for the writes that it may have read, before its result becomes visible', async (t) => {
  const { db, cache, outbox } = await newShop(t, sqlite)
  const settled: (readonly string[])[] = []
  const settle = async (tags: readonly string[]) => {
    settled.push(tags)
    await outbox.settle(tags)
  }
  const cachedDb = withQueryCache(db, { cache, outbox: { ...outbox, settle }, ttl: '1m' })
  await cachedDb.selectFrom('products').select('id').execute()
  t.strictSame(settled, [['query:all', 'query:table:products']])
  await cachedDb.selectFrom('products').select('id').execute()
  t.equal(settled.length, 1)
})

t.test('custom tags and keys', async (t) => {
  const { cachedDb, cache, statements } = await newShop(t, sqlite)
  const list = (key: string) =>
    cachedDb
      .selectFrom('products')
      .select('id')
      .$call(cached({ ttl: '1m', tags: ['menu'], key }))
      .execute()
  await list('tenant 1')
  await list('tenant 2')
  await list('tenant 2')
  t.equal(statements().length, 2)
  await cache.invalidate(['menu'])
  await list('tenant 1')
  await cache.invalidate(tableTags('PRODUCTS'))
  await list('tenant 1')
  t.equal(statements().length, 2)
})

t.test('plugins receive the driver\'s original result each time', async (t) => {
  const shouts: KyselyPlugin = {
    transformQuery: ({ node }) => node,
    transformResult: async ({ result }) => {
      // Plugins may modify the result they receive.
      for (const row of result.rows) row['shouts'] = Number(row['shouts'] ?? 0) + 1
      return result
    }
  }
  const plugins = [shouts, new CamelCasePlugin(), new ParseJSONResultsPlugin()]
  const { cachedDb, statements, db, cache, outbox } = await newShop(t, sqlite, { plugins })
  await cachedDb
    .updateTable('products')
    .set({ name: '{"a":"\\"[1]\\""}' })
    .where('id', '=', 1)
    .execute()
  const first = () =>
    cachedDb
      .selectFrom('products')
      .select(['name', 'category_id'])
      .where('id', '=', 1)
      .$call(cached({ ttl: '1m' }))
      .execute()
  const rows: unknown = await db
    .selectFrom('products')
    .select(['name', 'category_id'])
    .where('id', '=', 1)
    .execute()
  t.match(rows, [{ categoryId: 1 }])
  statements()
  for (let i = 0; i < 3; i++) t.strictSame(await first(), rows)
  t.equal(statements().length, 1)
  const withSchema = withQueryCache(db.withoutPlugins(), { cache, outbox }).withSchema('main')
  const plain = () =>
    withSchema
      .selectFrom('products')
      .select('name')
      .where('id', '=', 1)
      .$call(cached({ ttl: '1m' }))
      .execute()
  t.equal(await plain(), await plain())
})

t.test('a value that the cache cannot store is returned, and not cached', async (t) => {
  const bypassed = record(t, 'weir:query:bypass')
  const { cachedDb, statements } = await newShop(t, engines[1] ?? sqlite)
  const query = cached({ ttl: '1m', tables: [] })(
    sql<{ a: { hours: number } }>`select interval '3 hours' as a`
  )
  t.match((await query.execute(cachedDb)).rows, [{ a: { hours: 3 } }])
  t.match((await query.execute(cachedDb)).rows, [{ a: { hours: 3 } }])
  t.equal(statements().length, 2)
  t.match(bypassed, [{ reason: 'result' }, { reason: 'result' }])
})

t.test(
  'a write that its own instance cannot deliver is acknowledged, and no stale result follows',
  async (t) => {
    const { db, connect } = await newShop(t, sqlite)
    const cache = createCache({ store: memoryStore(), namespace: 'queries' })
    let isDown = false
    const outbox = createOutbox({
      db,
      namespace: 'others',
      pollInterval: 50,
      lease: 200,
      invalidate: async (tags) => {
        if (isDown) throw new Error('down')
        await cache.invalidate(tags)
      }
    })
    await outbox.start()
    t.teardown(() => outbox.stop())
    const cachedDb = withQueryCache(db, { cache, outbox, ttl: '1m' })
    const price = () =>
      cachedDb.selectFrom('products').select('price').where('id', '=', 1).executeTakeFirst()
    await price()
    isDown = true
    await cachedDb.updateTable('products').set({ price: 51 }).where('id', '=', 1).execute()
    t.strictSame(await price(), { price: 51 })
    t.notOk(outbox.isDrained())
    t.equal((await connect().selectFrom('weir_outbox_tags').select('tag').execute()).length, 2)
  }
)

t.test('mistakes are reported by name', async (t) => {
  const { db, cache, cachedDb } = await newShop(t, sqlite)
  const outbox = idleOutbox
  const mistakes: [string, () => unknown][] = [
    ['cache', () => withQueryCache(db, { cache: {} as never, outbox })],
    ['outbox', () => withQueryCache(db, { cache } as never)],
    ['ttls', () => withQueryCache(db, { cache, outbox, ttls: 1 } as never)],
    [
      'primaryKeys.a',
      () => withQueryCache(db, { cache, outbox, primaryKeys: { a: ['b'] } as never })
    ],
    ['affects.a', () => withQueryCache(db, { cache, outbox, affects: { a: 'b' } as never })],
    ['affects', () => withQueryCache(db, { cache, outbox, affects: ['a'] as never })],
    ['already cached', () => withQueryCache(cachedDb, { cache, outbox })],
    ['not a transaction', () => withQueryCache({} as never, { cache, outbox })],
    ['tables', () => cached({ tables: 'a' as never })],
    ['tables', () => invalidates({ tables: [''] })],
    ['key', () => cached({ key: 1 as never })],
    ['tll', () => cached({ tll: '1m' } as never)],
    ['table', () => cached({ ttl: '1m', table: ['products'] } as never)],
    ['keys', () => cached({ ttl: '1m', keys: 'tenant' } as never)],
    ['table', () => invalidates({ table: ['products'] } as never)],
    ['options', () => cached(null as never)],
    ...['public.', '""', '.', 'products as p'].flatMap((name): [string, () => unknown][] => [
      ['tables', () => cached({ tables: [name] })],
      ['tables', () => invalidates({ tables: [name] })],
      ['primaryKeys', () => withQueryCache(db, { cache, outbox, primaryKeys: { [name]: 'id' } })],
      ['affects', () => withQueryCache(db, { cache, outbox, affects: { [name]: ['a'] } })],
      ['affects.a', () => withQueryCache(db, { cache, outbox, affects: { a: [name] } })],
      ['ttl', () => withQueryCache(db, { cache, outbox, ttl: { [name]: 1 } })],
      ['table', () => tableTags(name)]
    ]),
    [
      'primaryKeys.b.products',
      () =>
        withQueryCache(db, {
          cache,
          outbox,
          primaryKeys: { 'a.products': 'id', 'b.products': 'sku' }
        })
    ]
  ]
  for (const [message, make] of mistakes) {
    t.throws(make, { code: 'WEIR_QUERY_INVALID_OPTION', message: new RegExp(message) })
  }
  t.throws(() => cached({ ttl: 'soon' as never }), { code: 'WEIR_CACHE_INVALID_DURATION' })
  t.throws(() => withQueryCache(db, { cache, outbox, ttl: { a: 'soon' as never } }), {
    code: 'WEIR_CACHE_INVALID_DURATION'
  })
  await db.transaction().execute(async (trx) => {
    t.throws(() => withQueryCache(trx as never, { cache, outbox }), {
      code: 'WEIR_QUERY_INVALID_OPTION'
    })
  })
})

t.test('a query that can never be cached is an error, whether or not the cache is in use', async (t) => {
  const { db, cache, outbox } = await newShop(t, sqlite)
  class Name { toString () { return 'kettle' } }
  const name = new Name() as never
  const mistakes: [string, (db: Kysely<Schema>) => { execute (): Promise<unknown> }][] = [
    [
      'WEIR_QUERY_NOT_CACHEABLE',
      (db) => db.selectFrom('products').select(sql`datetime()`.as('at')).$call(cached({ ttl: 1000 }))
    ],
    [
      'WEIR_QUERY_NOT_CACHEABLE',
      (db) => db.selectFrom('products').select('id').forUpdate().$call(cached({ ttl: 1000 }))
    ],
    ['WEIR_QUERY_INVALID_OPTION', (db) => db.selectFrom('products').select('id').$call(cached())],
    [
      'WEIR_QUERY_INVALID_OPTION',
      (db) => db.selectFrom('products').select('id').where('name', '=', name).$call(cached())
    ],
    [
      'WEIR_QUERY_UNKNOWN_TABLES',
      (db) => db.selectFrom('products').select(sql`(select max(id) from orders)`.as('n'))
        .$call(cached({ ttl: 1000 }))
    ]
  ]
  for (const isDrained of [true, false]) {
    const cachedDb = withQueryCache(db, {
      cache,
      outbox: { ...outbox, isDrained: () => isDrained }
    })
    for (const [code, query] of mistakes) {
      await t.rejects(query(cachedDb).execute(), { code }, `drained: ${isDrained}, ${code}`)
    }
  }
})

t.test('texts that Postgres reads as the same key share a tag, or one stands for any row', async (t) => {
  const [, postgres] = engines
  if (postgres === undefined) throw new Error('Postgres is not installed')
  const { db } = await newShop(t, postgres)
  const random = new Random(Number(process.env['SEED'] ?? 1))
  const times = Array.from({ length: 40 }, () => {
    const [month0, day0, hour0] = [random.integer(0, 1), random.integer(1, 2), random.integer(0, 3)]
    const at = new Date(Date.UTC(2026, month0, day0, hour0))
    const zone = random.integer(-3, 3)
    const local = new Date(at.getTime() + zone * 3_600_000).toISOString()
    const [day, hour] = [local.slice(0, 10), local.slice(11, 16)]
    const offset = `${zone < 0 ? '-' : '+'}0${Math.abs(zone)}`
    const month = ['Jan', 'February'][Number(day.slice(5, 7)) - 1] ?? 'Dec'
    return random.pick([
      `${day}T${hour}:00${offset}`,
      `${day} ${hour}${offset}`,
      `${day.replaceAll('-', '')}T${hour.replace(':', '')}00${offset}`,
      `${day.replaceAll('-', '')}T${hour.replace(':', '')}00${zone === 0 ? 'Z' : offset}`,
      `${month} ${day.slice(8)} 2026 ${hour} ${offset}`,
      `${day.slice(8)}-${month}-2026 ${hour} ${offset}`,
      `${day.slice(5, 7)}/${day.slice(8)}/2026 ${hour} ${offset}`
    ])
  })
  const notations: Record<string, readonly string[]> = {
    timestamptz: [...times, '2026-01-01', '20260101', 'Jan 1 2026', 'epoch', '1970-01-01', 'infinity'],
    date: [...times, '2026-01-01', '20260101', 'Jan 1 2026', 'J2461042', '2026.001', '1 January 2026'],
    time: ['00:00', '000000', '12:00 am', 'allballs', '1:00 PM', '13:00', '130000', '13:00:00.0'],
    timetz: ['01:00+01', '01:00:00+1', '010000+01'],
    interval: ['1 day', '1d', '24h', '24:00', 'P1D', 'PT24H', '1 day 0 h', '24 hours', '86400', '1day'],
    numeric: ['1', '1.0', '+1', '01', '1e0', '10e-1', 'NaN', ' nan ', '1000', '1_000', 'inf', 'Infinity']
      .filter((text) => !text.includes('_')),
    float8: ['1', '1.0', '1e0', 'inf', 'infinity', '-0', '0', 'nan'],
    money: ['1', '$1', '1.00', '$1.00', '1,000', '1000', '$1,000.00'],
    boolean: ['1', 'true', 't', 'yes', 'on', 'TRUE', 'y', '0', 'f', 'off', 'no', 'false', 'n'],
    bytea: ['A', '\\x41', '\\101', '\\x4a', '\\x4A', 'J'],
    inet: ['10.0.0.1', '10.0.0.1/32', '::1', '0:0::1', 'fe80::1', 'FE80:0::1', 'fe80::1/128'],
    macaddr: ['08:00:2b:01:02:03', '08-00-2b-01-02-03', '08002b:010203', '0800.2b01.0203', '08002b010203'],
    uuid: [
      'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11',
      '{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}',
      'a0eebc999c0b4ef8bb6d6bb9bd380a11',
      'a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11'
    ],
    int4range: ['[1,3)', '[1,2]', '(0,3)'],
    'integer[]': ['{1,2}', '{ 1, 2 }', '[1:2]={1,2}'],
    jsonb: ['1', '1.0', 'true', ' true', '{"a":1}', '{ "a": 1 }', '"a"'],
    'char(4)': ['a', 'a ', 'a   ', 'A'],
    text: ['a', 'A', '1', '2026-01-01']
  }
  for (const [type, texts] of Object.entries(notations)) {
    const { rows } = await sql<{ a: string, b: string }>`
      select a, b from unnest(${texts}::text[]) a, unnest(${texts}::text[]) b
      where a < b and a::${sql.raw(type)} = b::${sql.raw(type)}`.execute(db)
    if (type !== 'text') t.ok(rows.length > 0, type)
    for (const { a, b } of rows) {
      const keys = new Set([rowKey(a), rowKey(b)])
      if (keys.size > 1 && !keys.has(undefined)) t.fail(`${type}: ${a} = ${b}`)
    }
  }
})
