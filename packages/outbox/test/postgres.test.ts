import { DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from 'kysely'
import t from 'tap'
import { createOutbox, outboxMigration } from '../src/index.js'
import { settled, stopClock } from './clock.js'
import type { Schema } from './database.js'

t.test('the statements as Postgres gets them', async (t) => {
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
  const delivered = outbox.deliver(ticket)
  await clock.advance(250)
  t.equal(await delivered, 'delivered', 'a driver that finds no rows finds the row gone')
  await outbox.stop()
  await outboxMigration.down?.(db)

  t.strictSame([...new Set(statements)], [
    'create table "weir_outbox" ("id" varchar(32) primary key, "tags" text not null, "created" varchar(24) not null)',
    'insert into "weir_outbox" ("id", "tags", "created") values ($1, $2, $3)',
    'select "id", "tags" from "weir_outbox" where "id" > $1 order by "id" limit $2',
    'select "id" from "weir_outbox" where "id" = $1',
    'delete from "weir_outbox" where "id" in ($1)',
    'drop table "weir_outbox"'
  ])
})
