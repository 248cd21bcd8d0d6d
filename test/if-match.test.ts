import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findPostgres, startPostgres } from '@weir/internal/testing'
import Database from 'better-sqlite3'
import { Kysely, PostgresDialect, SqliteDialect } from 'kysely'
import pg from 'pg'
import t from 'tap'
import { type ProductsSchema, versionedProducts } from './programs/versioned-products.js'
import { program } from './support/program.js'
import { tempDir } from './support/temp-dir.js'

const WRITERS = 100
const INSTANCES = 4
const PROGRAM = fileURLToPath(new URL('programs/versioned-products.js', import.meta.url))

/** Creates a file with one product at version 1. */
function makeProducts (file: string): void {
  const database = new Database(file)
  database.pragma('journal_mode = wal')
  database.exec(
    'create table products (id integer primary key, version integer not null, price integer not null) strict'
  )
  database.exec('insert into products (id, version, price) values (1, 1, 0)')
  database.close()
}

/** Sends one write per URL at once, all with the same If-Match, and counts the statuses. */
async function race (
  urls: readonly string[]
): Promise<{ statuses: Record<string, number>; prices: number[] }> {
  const answers = await Promise.all(
    urls.map(async (url, price) => {
      const answer = await fetch(`${url}/products/1`, {
        method: 'PUT',
        headers: { 'if-match': '"1"', 'content-type': 'application/json' },
        body: JSON.stringify({ price })
      })
      await answer.arrayBuffer()
      return answer.status
    })
  )
  const statuses: Record<string, number> = {}
  for (const status of answers) statuses[status] = (statuses[status] ?? 0) + 1
  return { statuses, prices: answers.flatMap((status, price) => (status === 200 ? [price] : [])) }
}

t.test(
  'SQLite, deferred transactions: the writer that loses gets a 500 instead of a 412',
  async (t) => {
    const file = join(await tempDir(t), 'products.db')
    makeProducts(file)
    const open = () =>
      new Kysely<ProductsSchema>({ dialect: new SqliteDialect({ database: new Database(file) }) })
    const write = {
      method: 'PUT',
      url: '/products/1',
      headers: { 'if-match': '"1"' },
      payload: { price: 5 }
    } as const
    const fast = await versionedProducts(open())
    const slow = await versionedProducts(open(), {
      checked: async () => {
        t.equal((await fast.inject(write)).statusCode, 200)
      }
    })
    t.teardown(() => Promise.all([fast.close(), slow.close()]))
    const { statusCode, body } = await slow.inject(write)
    t.equal(statusCode, 500)
    t.match(body, /SQLITE_BUSY/)
  }
)

t.test(
  'SQLite, ImmediateSqliteDialect, several processes: one of 100 writers wins, the others get a 412',
  async (t) => {
    const file = join(await tempDir(t), 'products.db')
    makeProducts(file)
    const urls = await Promise.all(
      Array.from({ length: INSTANCES }, () =>
        program(t, spawn(process.execPath, [PROGRAM, file], { stdio: 'pipe' })).line(/^http:/)
      )
    )
    const { statuses, prices } = await race(
      Array.from({ length: WRITERS }, (_, i) => urls[i % INSTANCES] ?? '')
    )
    t.strictSame(statuses, { 200: 1, 412: WRITERS - 1 })
    const database = new Database(file)
    t.teardown(() => {
      database.close()
    })
    t.strictSame(database.prepare('select version, price from products').all(), [
      { version: 2, price: prices[0] }
    ])
  }
)

const programs = findPostgres()
const skip = programs === undefined && 'Postgres is not installed: apt-get install postgresql'

t.test(
  'Postgres, for update: one of 100 writers wins, the others get a 412',
  { skip },
  async (t) => {
    if (programs === undefined) return
    const pool = new pg.Pool({ ...(await startPostgres(t, programs)), max: 20 })
    const db = new Kysely<ProductsSchema>({ dialect: new PostgresDialect({ pool }) })
    const app = await versionedProducts(db, { forUpdate: true })
    t.teardown(() => app.close())
    await pool.query(
      'create table products (id integer primary key, version integer not null, price integer not null)'
    )
    await pool.query('insert into products (id, version, price) values (1, 1, 0)')
    const url = await app.listen()
    const { statuses, prices } = await race(Array.from({ length: WRITERS }, () => url))
    t.strictSame(statuses, { 200: 1, 412: WRITERS - 1 })
    t.strictSame((await pool.query('select version, price from products')).rows, [
      { version: 2, price: prices[0] }
    ])
  }
)

t.test(
  'Postgres, without the lock: two writers win and one change is lost',
  { skip },
  async (t) => {
    if (programs === undefined) return
    const pool = new pg.Pool({ ...(await startPostgres(t, programs)), max: 20 })
    const db = new Kysely<ProductsSchema>({ dialect: new PostgresDialect({ pool }) })
    await pool.query(
      'create table products (id integer primary key, version integer not null, price integer not null)'
    )
    await pool.query('insert into products (id, version, price) values (1, 1, 0)')
    const app = await versionedProducts(db, {
      checked: async () => {
        await allChecked()
      }
    })
    t.teardown(() => app.close())
    const allChecked = barrier(2)
    const write = {
      method: 'PUT',
      url: '/products/1',
      headers: { 'if-match': '"1"' },
      payload: { price: 5 }
    } as const
    const answers = await Promise.all([app.inject(write), app.inject(write)])
    t.strictSame(
      answers.map(({ statusCode }) => statusCode),
      [200, 200]
    )
  }
)

/** Holds callers until there are `count` of them. */
function barrier (count: number): () => Promise<void> {
  let open = () => {}
  const opened = new Promise<void>((resolve) => { open = resolve })
  let here = 0
  return () => {
    if (++here === count) open()
    return opened
  }
}
