import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import {
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresDialect,
  PostgresIntrospector,
  PostgresQueryCompiler,
  sql
} from 'kysely'
import t, { type Test } from 'tap'
import { findPostgres, startPostgres } from '@weir/internal/testing'
import { openNotifications, openPool } from '@weir/postgres'
import pg from 'pg'
import { createOutbox, outboxMigration } from '../src/index.js'
import { settled, stopClock } from './clock.js'
import { leave, leftRow, type Schema } from './database.js'
import { gate } from './gate.js'

t.test('the statements that Postgres receives', async (t) => {
  const statements: string[] = []
  const db = new Kysely<Schema>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => new PostgresIntrospector(db),
      createQueryCompiler: () => new PostgresQueryCompiler()
    },
    log: ({ query: { sql } }) => { statements.push(sql) }
  })
  const clock = stopClock(t)
  const failed = new Error('no connection')
  const outbox = createOutbox({ db, invalidate: async () => { throw failed } })

  await outboxMigration.up(db)
  const ticket = await db.transaction().execute((trx) => outbox.add(trx, ['tag']))
  outbox.start()
  await settled()
  await outbox.settle(['tag'])
  const delivered = outbox.deliver(ticket)
  await clock.advance(250)
  t.equal(await delivered, 'delivered', 'a driver that returns no rows means that the row is gone')
  await outbox.stop()
  await outboxMigration.down?.(db)

  const columns =
    '"namespace" varchar(100) not null, "id" varchar(40) not null, "hash" varchar(32), "tag" ' +
    'text not null, "created" varchar(24) not null, "traceparent" varchar(55)'
  const keys = 'constraint "weir_outbox_tags_by_id" primary key ("namespace", "id"), ' +
    'constraint "weir_outbox_tags_by_hash" unique ("namespace", "hash", "id")'
  t.strictSame(
    [...new Set(statements)],
    [
      `create table if not exists "weir_outbox_tags" (${columns}, ${keys})`,
      'alter table "weir_outbox_tags" add column if not exists "traceparent" varchar(55)',
      'create table if not exists "weir_outbox" ("id" varchar(32) primary key, "tags" text not null, "created" varchar(24) not null)',
      'select "id", "tags" from "weir_outbox" where "id" > $1 order by "id" limit $2',
      'drop table "weir_outbox"',
      'insert into "weir_outbox_tags" ("namespace", "id", "hash", "tag", "created") values ($1, $2, $3, $4, $5)',
      'select "id", "tag" from "weir_outbox_tags" where "namespace" = $1 and "id" > $2 order by "id" limit $3',
      'select "id", "hash" from "weir_outbox_tags" where "namespace" = $1 and "hash" in ($2) limit $3',
      'select "id" from "weir_outbox_tags" where "namespace" = $1 and "id" in ($2) limit $3',
      'delete from "weir_outbox_tags" where "namespace" = $1 and "id" in ' +
        '(select "id" from "weir_outbox_tags" where "namespace" = $2 and "id" in ($3) for update skip locked)',
      'drop table if exists "weir_outbox_tags"'
    ]
  )
})

t.test('with a real Postgres', async (t) => {
  const programs = findPostgres()
  if (programs === undefined) throw new Error('Postgres is not installed')
  const server = await startPostgres(t, programs)
  const url = `postgres://${server.user}@/${server.database}?host=${encodeURIComponent(server.host)}`
  const open = (t: Test) => {
    const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool: openPool({ url }) }) })
    t.teardown(() => db.destroy())
    return db
  }
  const admin = open(t)
  await outboxMigration.up(admin)
  const client = async (t: Test) => {
    const client = new pg.Client({ connectionString: url })
    client.on('error', () => {})
    await client.connect()
    t.teardown(() => client.end())
    return client
  }

  for (const level of ['read committed', 'serializable']) {
    t.test(`instances divide a backlog, ${level} by default: each row is delivered once`, async (t) => {
      const setDefault = (level: string) =>
        sql`alter role ${sql.id(server.user)} set default_transaction_isolation = ${sql.lit(level)}`
          .execute(admin)
      await setDefault(level)
      t.teardown(() => setDefault('read committed'))
      const errors: unknown[] = []
      const onError = (message: unknown) => { errors.push(message) }
      subscribe('weir:outbox:error', onError)
      t.teardown(() => unsubscribe('weir:outbox:error', onError))
      await leave(admin, Array.from({ length: 3000 }, (_, i) => leftRow(i, `tag-${i}`)))
      const delivered: string[][] = [[], [], []]
      const outboxes = delivered.map((tags) =>
        createOutbox({
          db: open(t),
          lease: 60_000,
          invalidate: async (given) => {
            await new Promise((resolve) => setTimeout(resolve, 5))
            tags.push(...given)
          }
        })
      )
      t.teardown(() => Promise.all(outboxes.map((outbox) => outbox.stop())))
      await Promise.all(outboxes.map((outbox) => outbox.start()))
      while (!outboxes.every((outbox) => outbox.isDrained())) {
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
      t.equal(await outboxes[0]?.pending(), 0)
      t.equal(new Set(delivered.flat()).size, 3000)
      t.equal(delivered.flat().length, 3000, 'once')
      const shares = delivered.map(({ length }) => length)
      t.ok(shares.every((share) => share > 100), shares.join())
      t.strictSame(errors, [])
    })
  }

  t.test('a table without the column gets it, and keeps the span of a write', async (t) => {
    await admin.schema.alterTable('weir_outbox_tags').dropColumn('traceparent').execute()
    const span = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    const outbox = createOutbox({
      db: open(t), invalidate: async () => {}, traceparent: () => span
    })
    t.teardown(() => outbox.stop())
    for (let i = 0; i < 2; i++) {
      await admin.transaction().execute((trx) => outboxMigration.up(trx))
    }
    await outbox.queue(['traced'])
    t.match(await admin.selectFrom('weir_outbox_tags').select('traceparent').execute(), [
      { traceparent: span }
    ])
    await outbox.start()
    t.equal(await outbox.pending(), 0)
  })

  t.test('rows of an instance that dies are delivered by another, not trusted before', async (t) => {
    await leave(admin, [leftRow(1, 'claimed')])
    const dying = await client(t)
    await dying.query('begin; select * from weir_outbox_tags for update')
    const delivered: string[] = []
    const outbox = createOutbox({
      db: open(t),
      pollInterval: 20,
      invalidate: async (tags) => { delivered.push(...tags) }
    })
    t.teardown(() => outbox.stop())
    await outbox.start()
    await new Promise((resolve) => setTimeout(resolve, 100))
    t.notOk(outbox.isDrained())
    t.strictSame(delivered, [])
    await dying.query('commit')
    while (!outbox.isDrained()) await new Promise((resolve) => setTimeout(resolve, 5))
    t.strictSame(delivered, ['claimed'])
  })

  t.test('an instance that freezes with a claim loses it', async (t) => {
    await leave(admin, [leftRow(2, 'frozen')])
    const never = gate()
    const invalidated = gate()
    const frozen = createOutbox({
      db: open(t),
      lease: 100,
      pollInterval: 50,
      invalidateTimeout: 60_000,
      invalidate: () => {
        invalidated.open()
        return never.opened
      }
    })
    const first = frozen.start()
    first.catch(() => {})
    t.teardown(() => {
      never.open()
      return frozen.stop()
    })
    await invalidated.opened
    const delivered: string[] = []
    const other = createOutbox({
      db: open(t), pollInterval: 20, invalidate: async (tags) => { delivered.push(...tags) }
    })
    t.teardown(() => other.stop())
    await other.start()
    while (!other.isDrained()) await new Promise((resolve) => setTimeout(resolve, 5))
    t.strictSame(delivered, ['frozen'])
  })

  t.test('a writer does not wait for rows that another instance has claimed', async (t) => {
    const outbox = createOutbox({ db: open(t), invalidate: async () => {} })
    const ticket = await outbox.queue(['busy'])
    const other = await client(t)
    await other.query('begin; select * from weir_outbox_tags for update')
    t.equal(await outbox.deliver(ticket), 'delivered')
    t.equal(await outbox.pending(), 1, 'the other instance deletes it, or delivers it again')
    await other.query('rollback; delete from weir_outbox_tags')
  })

  t.test('a notification makes up for a writer that dies, long before the next poll', async (t) => {
    const delivered: string[] = []
    const notifications = openNotifications({ url })
    t.teardown(() => notifications.close())
    const outbox = createOutbox({
      db: open(t),
      notifications,
      lease: 600_000,
      pollInterval: 300_000,
      invalidate: async (tags) => { delivered.push(...tags) }
    })
    t.teardown(() => outbox.stop())
    await outbox.start()
    const arrives = async (tag: string) => {
      const began = performance.now()
      // The writer does not deliver its ticket.
      await outbox.queue([tag])
      while (!delivered.includes(tag)) await new Promise((resolve) => setTimeout(resolve, 2))
      return performance.now() - began
    }
    const echo = async () => {
      const heard: string[] = []
      const stop = notifications.listen('echo', (message) => { heard.push(message) })
      while (heard.length === 0) {
        await notifications.announce(admin, 'echo', '')
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      stop()
    }
    await echo()
    t.comment(`${(await arrives('first')).toFixed(1)} ms`)
    await (await client(t)).query(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'weir-notifications'"
    )
    await echo()
    t.comment(`${(await arrives('after the connection was lost')).toFixed(1)} ms`)
    const live = await outbox.queue(['alive'])
    await outbox.deliver(live)
    t.equal(delivered.filter((tag) => tag === 'alive').length, 1, 'a living writer needs no help')
  })
})
