import { rmSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import t, { type Test } from 'tap'
import { definePolicy } from '../src/index.js'
import { sqliteStore } from '../src/stores/sqlite/index.js'
import { stopDate } from './clock.js'
import { storeContract } from './store-contract.js'

/** Changes the file through a separate connection. */
function behind<R> (file: string, work: (db: Database.Database) => R): R {
  const db = new Database(file)
  try {
    return work(db)
  } finally {
    db.close()
  }
}

function open (t: Test, file: string) {
  const store = sqliteStore({ file })
  t.teardown(() => store.close())
  return store
}

storeContract(t, 'sqlite', async (t) => {
  const file = join(t.testdir(), 'limits.db')
  const clock = stopDate(t)
  return {
    shared: true,
    open: async () => open(t, file),
    async advance (_key, ms) {
      clock.advance(ms)
    }
  }
})

const policy = definePolicy({ name: 'p', limit: 10, window: 60_000 })

t.test('budgets outlive the process', async (t) => {
  const file = join(t.testdir(), 'limits.db')
  const first = sqliteStore({ file })
  await first.take('key', [policy], 10)
  await first.close()
  t.not((await open(t, file).peek('key', [policy], 10))[0]?.wait, 0)
})

t.test('full budgets are deleted', async (t) => {
  const file = join(t.testdir(), 'limits.db')
  const clock = stopDate(t)
  const store = open(t, file)
  const rows = () =>
    behind(file, (db) => db.prepare('SELECT count(*) FROM weir_limits_1').pluck().get())
  for (let i = 0; i < 100; i++) await store.take(`early-${i}`, [policy], 1)
  clock.advance(6000)
  for (let i = 0; i < 27; i++) await store.take(`late-${i}`, [policy], 1)
  t.equal(rows(), 127)
  await store.take('late-27', [policy], 1)
  t.equal(rows(), 28)
})

t.test('it shares a file with other tables and leaves their version alone', async (t) => {
  const file = join(t.testdir(), 'limits.db')
  behind(file, (db) =>
    db.exec(
      'CREATE TABLE entries (id INTEGER); INSERT INTO entries VALUES (1); PRAGMA user_version = 7'
    )
  )
  await open(t, file).take('key', [policy], 1)
  behind(file, (db) => {
    t.equal(db.pragma('user_version', { simple: true }), 7)
    t.equal(db.prepare('SELECT count(*) FROM entries').pluck().get(), 1)
  })
})

t.test(
  'a file that cannot be opened is a clear error, and so is a closed store',
  async (t) => {
    const folder = t.testdir({ 'limits.db': {} })
    t.throws(() => sqliteStore({ file: join(folder, 'limits.db') }), {
      code: 'WEIR_SQLITE_IS_FOLDER'
    })
    const store = sqliteStore({ file: join(folder, 'sub', 'limits.db') })
    await store.close()
    await t.rejects(async () => store.take('key', [policy], 1), { code: 'WEIR_SQLITE_CLOSED' })
    await t.rejects(store.reset('key'), { code: 'WEIR_SQLITE_CLOSED' })
  }
)

t.test(
  'a damaged file is set aside, and a deleted file is created again: budgets are full again',
  async (t) => {
    const warned = t.capture(process, 'emitWarning')
    const file = join(t.testdir({ 'limits.db': 'no database' }), 'limits.db')
    let now = performance.now()
    t.intercept(performance, 'now', { value: () => now })
    const store = open(t, file)
    t.equal(warned().length, 1)
    const used = await store.take('key', [policy], 10)
    t.equal(used[0]?.wait, 0)
    t.not((await store.peek('key', [policy], 10))[0]?.wait, 0)
    rmSync(file)
    now += 5
    t.equal((await store.peek('key', [policy], 10))[0]?.wait, 0)
    t.equal((await open(t, file).take('key', [policy], 10))[0]?.wait, 0)
    t.not((await store.peek('key', [policy], 10))[0]?.wait, 0, 'they share the new one')
  }
)

t.test('a probe reports at once whether the lock is held, and changes nothing', async (t) => {
  const file = join(t.testdir(), 'limits.db')
  const store = open(t, file)
  await store.take('key', [policy], 1)
  await store.probe?.('key')
  t.match(await store.peek('key', [policy], 1), [{ remaining: 9 }])
  const other = new Database(file)
  t.teardown(() => { other.close() })
  other.exec('BEGIN IMMEDIATE')
  const begin = performance.now()
  await t.rejects(store.probe?.('key') ?? Promise.resolve(), { code: 'SQLITE_BUSY' })
  t.ok(performance.now() - begin < 1000, 'it does not wait for the lock')
  other.exec('ROLLBACK')
  await store.probe?.('key')
})
