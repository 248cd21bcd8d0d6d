import {
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler
} from 'kysely'
import t from 'tap'
import { createOutbox, outboxMigration } from '../src/index.js'
import { settled, stopClock } from './clock.js'
import type { Schema } from './database.js'

t.test('the statements that Postgres receives', async (t) => {
  const statements: string[] = []
  const db = new Kysely<Schema>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => new PostgresIntrospector(db),
      createQueryCompiler: () => new PostgresQueryCompiler()
    },
    log: ({ query }) => { statements.push(query.sql) }
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
    '"namespace" varchar(100) not null, "id" varchar(40) not null, "hash" varchar(32), "tag" text not null, "created" varchar(24) not null'
  const keys = 'constraint "weir_outbox_tags_by_id" primary key ("namespace", "id"), ' +
    'constraint "weir_outbox_tags_by_hash" unique ("namespace", "hash", "id")'
  t.strictSame(
    [...new Set(statements)],
    [
      `create table if not exists "weir_outbox_tags" (${columns}, ${keys})`,
      'create table if not exists "weir_outbox" ("id" varchar(32) primary key, "tags" text not null, "created" varchar(24) not null)',
      'select "id", "tags" from "weir_outbox" where "id" > $1 order by "id" limit $2',
      'drop table "weir_outbox"',
      'insert into "weir_outbox_tags" ("namespace", "id", "hash", "tag", "created") values ($1, $2, $3, $4, $5)',
      'select "id", "tag" from "weir_outbox_tags" where "namespace" = $1 and "id" > $2 order by "id" limit $3',
      'select "id", "hash" from "weir_outbox_tags" where "namespace" = $1 and "hash" in ($2) limit $3',
      'select "id" from "weir_outbox_tags" where "namespace" = $1 and "id" in ($2) limit $3',
      'delete from "weir_outbox_tags" where "namespace" = $1 and "id" in ($2)',
      'drop table if exists "weir_outbox_tags"'
    ]
  )
})
