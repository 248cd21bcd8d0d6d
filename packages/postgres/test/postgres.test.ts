import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { startPostgres } from '@weir/internal/testing'
import { Kysely, PostgresDialect, sql } from 'kysely'
import t, { type Test } from 'tap'
import {
  migrateTogether, openNotifications, openPool, openReadPool, urlProblem, type ReadEvent
} from '../src/index.js'
import { connect, programs, startPair, startPooler, urlOf } from './support.js'

interface Schema { prices: { id: number, cents: number } }

/** Records why connections were given out. */
function recordReads (t: Test): ReadEvent[] {
  const events: ReadEvent[] = []
  const record = (event: unknown) => { events.push(event as ReadEvent) }
  subscribe('weir:postgres:read', record)
  t.teardown(() => { unsubscribe('weir:postgres:read', record) })
  return events
}

t.test('options', async (t) => {
  for (const [url, problem] of Object.entries({
    'postgres://shop:secret@host:5432/db': undefined,
    'postgresql://host/db?sslmode=verify-full': undefined,
    'postgres://user@/db?host=%2Ftmp': undefined,
    'mysql://shop:secret@host/db': /begins with mysql/,
    'shop:secret@host': /not a URL/,
    'postgres://secret@a,b/db': /several hosts.+proxy/,
    'postgres://a/secret db': /white space/,
    'postgres://a/%secret': /does not encode/
  })) {
    if (problem === undefined) t.equal(urlProblem(url), undefined, url)
    else t.match(urlProblem(url), problem)
    t.notMatch(urlProblem(url) ?? '', /secret/, 'never shown')
  }
  const code = 'WEIR_POSTGRES_INVALID_OPTION'
  const url = 'postgres://127.0.0.1/x'
  t.throws(() => openPool({ url: 'x' }), { code })
  t.throws(() => openPool({ url, max: 0 }), { code, message: /max 0/ })
  t.throws(() => openNotifications({ url: 'x' }), { code })
  t.throws(() => openReadPool({ primary: openPool({ url }), replicas: [], patience: -1 }), { code })
})

t.test('migrations that are no provider are refused before the database is asked', async (t) => {
  const pool = openPool({ url: 'postgres://127.0.0.1:1/x' })
  const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) })
  t.teardown(() => db.destroy())
  const given: unknown[] = [
    undefined, null, 'x', [], {}, { '0001-x': { up: async () => {} } }, { getMigrations: {} }
  ]
  for (const migrations of given) {
    await t.rejects(migrateTogether(db, { name: 'x', migrations: migrations as never }), {
      code: 'WEIR_POSTGRES_INVALID_OPTION',
      message: /^migrations .+ is not a provider of Kysely: pass \{ getMigrations: async \(\) => /
    }, JSON.stringify(migrations))
  }
})

t.test('a frozen or restarted server costs each caller a timeout at most', async (t) => {
  const server = await startPostgres(t, programs())
  const db = new Kysely<Schema>({
    dialect: new PostgresDialect({ pool: openPool({ url: urlOf(server), max: 2, timeout: 300 }) })
  })
  t.teardown(() => db.destroy())
  const one = () => sql<{ one: number }>`select 1::bigint as one`.execute(db)
  t.same((await one()).rows, [{ one: 1 }], 'bigint is a number')

  server.freeze()
  const began = performance.now()
  const outcomes = await Promise.allSettled([one(), one(), db.transaction().execute(one), one()])
  t.ok(performance.now() - began < 6000)
  for (const outcome of outcomes) {
    t.match(outcome, { status: 'rejected', reason: { code: 'WEIR_POSTGRES_UNAVAILABLE' } })
  }
  server.thaw()
  t.same((await one()).rows, [{ one: 1 }])

  await server.crash()
  await one().catch(() => {})
  t.same((await one()).rows, [{ one: 1 }])

  await t.rejects(sql`select pg_sleep(2)`.execute(db), { code: 'WEIR_POSTGRES_UNAVAILABLE' })
  await t.rejects(sql`select nonsense`.execute(db), { code: '42703' }, 'other errors are unchanged')
  const holder = await connect(t, server)
  await holder.query("select pg_advisory_lock(hashtextextended('weir', 0))")
  await t.rejects(
    migrateTogether(db, { name: 'x', migrations: { getMigrations: async () => ({}) }, timeout: 50 }),
    { code: 'WEIR_POSTGRES_MIGRATING', message: /Another instance .+ 50 ms/ }
  )
  await holder.query('create table prices (id integer primary key, cents integer)')
  await holder.query('begin; lock table prices')
  await t.rejects(db.selectFrom('prices').selectAll().execute(), { code: '55P03' }, 'a lock')
})

t.test('a server that ends a connection at any point of its start ends no process', async (t) => {
  const message = (type: string, body: string) => {
    const length = Buffer.alloc(4)
    length.writeInt32BE(body.length + 4)
    return Buffer.concat([Buffer.from(type), length, Buffer.from(body, 'latin1')])
  }
  const start = [
    message('R', '\0\0\0\0'), message('K', '\0\0\0\x07\0\0\0\x07'), message('Z', 'I')
  ]
  const fields = { S: 'FATAL', C: '57P01', M: 'terminating connection' }
  const ends = message(
    'E', Object.entries(fields).map(([name, text]) => `${name}${text}\0`).join('') + '\0')
  for (let sent = 0; sent <= start.length; sent++) {
    for (const isOneWrite of [true, false]) {
      const server = createServer((socket) => {
        socket.on('error', () => {})
        socket.once('data', () => {
          const first = start.slice(0, sent)
          if (isOneWrite) socket.end(Buffer.concat([...first, ends]))
          else socket.write(Buffer.concat(first), () => { socket.end(ends) })
        })
      }).listen(0, '127.0.0.1')
      await once(server, 'listening')
      const address = server.address()
      const port = typeof address === 'object' ? address?.port : undefined
      const pool = openPool({ url: `postgres://weir@127.0.0.1:${port}/x`, timeout: 1000 })
      const asked = pool.connect().then((client) => client.query('select 1', []))
      await t.rejects(asked, { code: 'WEIR_POSTGRES_UNAVAILABLE' }, `${sent} messages, ${isOneWrite}`)
      server.close()
    }
  }
})

t.test('replicas', async (t) => {
  const { primary, standby } = await startPair(t)
  const writer = await connect(t, primary)
  await writer.query('create table prices (id integer primary key, cents integer)')
  await writer.query('insert into prices values (1, 0)')
  const control = await connect(t, standby)
  const open = (t: Test, replica: string, patience?: number) => {
    const pool = openReadPool({
      primary: openPool({ url: urlOf(primary) }),
      replicas: [openPool({ url: replica, isReadOnly: true, timeout: 1000 })],
      ...(patience !== undefined && { patience })
    })
    const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) })
    t.teardown(() => db.destroy())
    return async () =>
      (await db.selectFrom('prices').select('cents').executeTakeFirstOrThrow()).cents
  }

  t.test('a read never shows less than the primary had', async (t) => {
    const events = recordReads(t)
    const read = open(t, urlOf(standby))
    for (let cents = 1; cents <= 60; cents++) {
      // A replica that stands still, or goes on at some moment of the read.
      if (cents % 3 === 0) await control.query('select pg_wal_replay_pause()')
      await writer.query('update prices set cents = $1', [cents])
      const reads = Promise.all([read(), read(), read()])
      if (cents % 6 === 0) await control.query('select pg_wal_replay_resume()')
      for (const seen of await reads) t.equal(seen, cents)
      await control.query('select pg_wal_replay_resume()')
    }
    const from = (source: string) => events.filter((event) => event.from === source).length
    t.comment(`${from('replica')} reads from the replica, ${from('primary')} from the primary`)
    t.ok(from('replica') > 20 && from('primary') > 20)
    t.ok(events.every(({ from, reason }) => from === 'replica' || reason === 'behind'))
  })

  t.test('the guard is what prevents old reads', async (t) => {
    const pool = openPool({ url: urlOf(standby) })
    const unguarded = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) })
    t.teardown(() => unguarded.destroy())
    await control.query('select pg_wal_replay_pause()')
    await writer.query('update prices set cents = 1000')
    t.same(await unguarded.selectFrom('prices').select('cents').execute(), [{ cents: 60 }])
    await control.query('select pg_wal_replay_resume()')
  })

  t.test('a replica that cannot prove what it follows is not read', async (t) => {
    await writer.query('create role reader login')
    await writer.query('grant select on prices to reader')
    const read = open(t, urlOf(standby).replace('weir@', 'reader@'), 2000)
    const events = recordReads(t)
    // The role exists on the replica once it has replayed its creation.
    while ((await control.query("select from pg_roles where rolname = 'reader'")).rowCount === 0) {
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    t.equal(await read(), 1000)
    t.same(events, [{ from: 'primary', reason: 'unverified' }])
    t.equal(await read(), 1000)
    t.match(events[1], { from: 'primary', reason: 'unavailable' }, 'not asked for a while')
    await writer.query('grant pg_read_all_stats to reader')
    await new Promise((resolve) => setTimeout(resolve, 1100))
    t.equal(await read(), 1000)
    t.match(events[2], { from: 'replica' })
  })

  t.test('without replicas, or with frozen ones, the primary is read', async (t) => {
    const read = open(t, urlOf(standby))
    standby.freeze()
    t.equal(await read(), 1000)
    standby.thaw()
    await t.rejects(open(t, 'postgres://nowhere@127.0.0.1:1/none')().then((cents) => {
      if (cents === 1000) throw new Error('read')
    }), /read/)
  })

  t.test('a promoted replica is one no more', async (t) => {
    await standby.promote()
    const [read, events] = [open(t, urlOf(standby)), recordReads(t)]
    await control.query('update prices set cents = -1')
    t.equal(await read(), 1000)
    t.same(events, [{ from: 'primary', reason: 'unverified' }])
  })
})

/** Sends a message until it is heard, or the time is over. */
async function isHeard (url: string, ms: number): Promise<boolean> {
  const notifications = openNotifications({ url })
  const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool: openPool({ url }) }) })
  try {
    return await new Promise<boolean>((resolve) => {
      const end = performance.now() + ms
      notifications.listen('prices', () => { resolve(true) })
      const send = async () => {
        while (performance.now() < end) {
          await notifications.announce(db, 'prices', 'changed')
          await new Promise((resolve) => setTimeout(resolve, 20))
        }
        resolve(false)
      }
      send().catch(() => { resolve(false) })
    })
  } finally {
    await notifications.close()
    await db.destroy()
  }
}

t.test('a pooler that shares sessions', async (t) => {
  const server = await startPostgres(t, programs())
  const warnings: Error[] = []
  const warn = (warning: Error) => { warnings.push(warning) }
  process.on('warning', warn)
  t.teardown(() => { process.off('warning', warn) })

  t.test('is no obstacle in session mode', async (t) => {
    t.ok(await isHeard(await startPooler(t, server, 'session'), 10_000))
    t.same(warnings, [])
  })

  const url = await startPooler(t, server, 'transaction')
  t.test('notifications are given up, with a warning, and announcing goes on', async (t) => {
    t.notOk(await isHeard(url, 4000))
    t.match(warnings, [{
      code: 'WEIR_POSTGRES_POOLER', message: /LISTEN .+ address that leads to Postgres itself/
    }])
    const direct = isHeard(urlOf(server), 10_000)
    t.ok(await direct)
  })

  t.test('a pool leaves no settings in its sessions, and limits each transaction', async (t) => {
    const open = (options: { isReadOnly?: boolean, timeout?: number }) => {
      const dialect = new PostgresDialect({ pool: openPool({ url, max: 2, ...options }) })
      const db = new Kysely<Schema>({ dialect })
      t.teardown(() => db.destroy())
      return db
    }
    const read = open({ isReadOnly: true })
    await sql`create table if not exists prices (id integer, cents integer)`.execute(open({}))
    await read.selectFrom('prices').selectAll().execute()
    const db = open({ timeout: 300 })
    await db.insertInto('prices').values({ id: 1, cents: 1 }).execute()
    const shown = async (one: Kysely<Schema>) =>
      (await sql<{ limit: string }>`select current_setting('statement_timeout') as limit`
        .execute(one)).rows[0]?.limit
    for (const isolation of ['read committed', 'serializable'] as const) {
      await db.transaction().setIsolationLevel(isolation).execute(async (trx) => {
        t.equal(await shown(trx), '800ms', isolation)
      })
    }
    t.equal(await shown(db), '0', 'the session is as it was')
    await t.rejects(
      db.transaction().execute((trx) => sql`select pg_sleep(3)`.execute(trx)),
      { code: 'WEIR_POSTGRES_UNAVAILABLE' }
    )
    await t.rejects(sql`select pg_sleep(3)`.execute(db), { message: /no answer within 1300 ms/ })
    t.equal(await shown(db), '0')
    const migrations = { getMigrations: async () => ({ '0001-x': { up: async () => {} } }) }
    await Promise.all([1, 2, 3].map(() => migrateTogether(open({}), { name: 'x', migrations })))
  })

  t.test('a pool that needs its sessions refuses it', async (t) => {
    const dialect = new PostgresDialect({ pool: openPool({ url, keepsSession: true }) })
    const db = new Kysely<Schema>({ dialect })
    t.teardown(() => db.destroy())
    await t.rejects(sql`select 1`.execute(db), { code: 'WEIR_POSTGRES_POOLER' })
  })
})

t.test('notifications are closed although the server does not answer', async (t) => {
  const server = await startPostgres(t, programs())
  const notifications = openNotifications({ url: urlOf(server) })
  const client = await connect(t, server)
  notifications.listen('prices', () => {})
  const isListening = async () => (await client.query(
    "select from pg_stat_activity where query like 'listen%' and state = 'idle'"
  )).rowCount === 1
  while (!await isListening()) await new Promise((resolve) => setTimeout(resolve, 5))
  server.freeze()
  const began = performance.now()
  await notifications.close()
  t.ok(performance.now() - began < 10_000)
  server.thaw()
})
