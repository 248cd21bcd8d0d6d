import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { findPostgres, startPostgres } from '@weir/internal/testing'
import { createOutbox, outboxMigration, type OutboxSchema } from '@weir/outbox'
import { openNotifications, openPool } from '@weir/postgres'
import { Kysely, PostgresDialect, sql } from 'kysely'
import { callFor, compareCalls, type Reader } from '../calls.js'
import { interleave } from '../rounds.js'
import type { Result, Scenario, Surroundings } from '../scenario.js'

const ROUNDS = 5
const MILLISECONDS = 600
const WRITERS = 16
const KEYS = Array.from({ length: 100 }, (_, i) => String(i + 1))
const ENSURE = fileURLToPath(new URL('../../tools/ensure.js', import.meta.url))

interface Schema extends OutboxSchema { products: { id: number, price: number } }

/** Writes with an outbox row on Postgres, with and without a notification. */
export const notify: Scenario = {
  name: 'notify',
  about: 'a write with its outbox row on Postgres, with NOTIFY against without',
  async run (around) {
    const url = await startDatabase(around)
    const db = new Kysely<Schema>({
      dialect: new PostgresDialect({ pool: openPool({ url, max: WRITERS }) })
    })
    around.defer(() => db.destroy())
    await sql`create table products (id integer primary key, price integer not null)`.execute(db)
    await sql`insert into products select id, 0 from generate_series(1, ${KEYS.length}::int) as id`
      .execute(db)
    await outboxMigration.up(db)
    const notifications = openNotifications({ url })
    around.defer(() => notifications.close())

    const loud = writer('with NOTIFY', db, notifications)
    const silent = writer('without', db)
    for (const one of [loud, silent]) {
      await callFor(around.stretch(MILLISECONDS), one, KEYS, WRITERS)
    }
    const results: Result[] = []
    for (const inFlight of [1, WRITERS]) {
      const rounds = await interleave([loud, silent], around.repeat(ROUNDS), async (one, round) => {
        around.say(`notify: round ${round + 1}, ${inFlight} writers, ${one.what}`)
        const calls = await callFor(around.stretch(MILLISECONDS), one, KEYS, inFlight)
        await sql`truncate weir_outbox_tags`.execute(db)
        return calls
      })
      results.push(compareCalls('notify', `${inFlight} writers`, loud, silent, rounds))
    }
    return results
  }
}

/** Starts a Postgres that waits for its disk at each commit, as in production. */
async function startDatabase (around: Surroundings): Promise<string> {
  const { status } = spawnSync(process.execPath, [ENSURE, 'postgres'], { stdio: 'inherit' })
  const programs = findPostgres()
  if (status !== 0 || programs === undefined) throw new Error('Postgres is not installed')
  const t = { teardown: (end: () => unknown) => { around.defer(end) } }
  const { host, user, database } = await startPostgres(t, programs, { settings: { fsync: 'on' } })
  return `postgres://${user}@/${database}?host=${encodeURIComponent(host)}`
}

function writer (
  what: string, db: Kysely<Schema>, notifications?: ReturnType<typeof openNotifications>
): Reader {
  const outbox = createOutbox({
    db, invalidate: async () => {}, ...(notifications && { notifications })
  })
  return {
    what,
    read: (key) => db.transaction().execute(async (trx) => {
      await trx.updateTable('products').set((eb) => ({ price: eb('price', '+', 1) }))
        .where('id', '=', Number(key)).execute()
      return await outbox.add(trx, [`product:${key}`])
    })
  }
}
