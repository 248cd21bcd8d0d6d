import { setTimeout as wait } from 'node:timers/promises'
import { findPostgres, startPostgres } from '@weir/internal/testing'
import { createOutbox, outboxMigration } from '@weir/outbox'
import { openPool } from '@weir/postgres'
import { Kysely, PostgresDialect, sql } from 'kysely'
import t from 'tap'
import { createEdge, edgeMigration, EdgeError, type EdgeSchema } from '../src/index.js'

t.test('the edge over Postgres', async (t) => {
  const found = findPostgres()
  if (found === undefined) throw new Error('Postgres is not installed')
  const { host, user, database } = await startPostgres(t, found)
  const url = `postgres://${user}@/${database}?host=${encodeURIComponent(host)}`
  const connect = () => {
    const pool = openPool({ url, max: 3 })
    const db = new Kysely<EdgeSchema>({ dialect: new PostgresDialect({ pool }) })
    t.teardown(() => db.destroy())
    return db
  }
  const migrator = connect()
  await outboxMigration.up(migrator)
  await edgeMigration.up(migrator)

  let answer: 'confirms' | 'fails' | 'refuses' = 'confirms'
  const purged: string[] = []
  /** One instance: an outbox and an edge, on connections of its own. */
  const instance = () => {
    const db = connect()
    const edge = createEdge({
      db,
      destinations: [{
        name: 'cdn',
        wait: 300,
        timeout: 200,
        again: 50,
        async purge (tags) {
          if (answer === 'refuses') throw new EdgeError('WEIR_EDGE_REFUSED', 'no', { status: 401 })
          if (answer === 'fails') throw new Error('down')
          purged.push(...tags)
        }
      }],
      handover: 0,
      pollInterval: 20,
      claim: 500
    })
    const outbox = createOutbox({ db, invalidate: async () => {}, edge })
    t.teardown(() => outbox.stop())
    return { db, edge, outbox }
  }
  const [a, b] = [instance(), instance()]
  await Promise.all([a.outbox.start(), b.outbox.start()])
  const until = async (isTrue: () => Promise<boolean>) => { while (!await isTrue()) await wait(10) }
  const settled = () => until(async () => (await b.edge.status())[0]?.pending === 0)
  const left = async () =>
    Number((await sql<{ n: unknown }>`select count(*) as n from weir_outbox_tags`.execute(a.db))
      .rows[0]?.n)

  await t.test('rows are written with the data, and deleted after both purges', async (t) => {
    const ticket = await a.db.transaction().execute((trx) => a.outbox.add(trx, ['a', 'b c', 'ü']))
    t.equal(await a.outbox.deliver(ticket), 'delivered')
    await until(async () => await left() === 0)
    t.ok(purged.length >= 6, 'each twice')
    await t.rejects(a.db.transaction().execute(async (trx) => {
      await a.outbox.add(trx, ['rolled back'])
      throw new Error('rolled back')
    }))
    t.equal(await left(), 0)
  })

  await t.test('another instance delivers what a stopped one has left', async (t) => {
    answer = 'fails'
    purged.length = 0
    t.equal(await a.outbox.deliver(await a.outbox.queue(['left'])), 'unconfirmed')
    const [status] = await b.edge.status()
    t.match(status, { pending: 1 })
    t.ok(status !== undefined && status.oldest >= 0 && status.oldest < 60_000)
    await a.outbox.stop()
    answer = 'confirms'
    await settled()
    t.ok(purged.includes('left'))
    await until(async () => await left() === 0)
  })

  await t.test('dead letters are seen, put back and discarded by any instance', async (t) => {
    answer = 'refuses'
    t.strictSame(await b.edge.invalidate(['x', 'y'], async () => {}), ['cdn'])
    await settled()
    const c = instance()
    const letters = await c.edge.deadLetters('cdn')
    t.match(letters, [{ tag: 'x', error: /no/ }, { tag: 'y' }])
    t.match(await c.edge.status(), [{ dead: 2, pending: 0 }])
    answer = 'confirms'
    await c.edge.retry(letters.slice(0, 1))
    await c.edge.discard(letters.slice(1))
    await settled()
    t.ok(purged.includes('x'))
    t.notOk(purged.includes('y'))
    t.strictSame(await b.edge.deadLetters(), [])
    await t.rejects(c.edge.retry(letters), { code: 'WEIR_EDGE_INVALID_OPTION' })
  })
})
