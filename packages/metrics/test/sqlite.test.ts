import { fork } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import t, { type Test } from 'tap'
import { sqliteStore } from '../src/stores/sqlite.js'
import { storeContract } from './store-contract.js'
import { countsOf, recordOf, stateOf } from './told.js'

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
  const file = join(t.testdir(), 'metrics.db')
  return {
    shared: true,
    open: async () => open(t, file),
    async spoil (run, minute, text) {
      behind(file, (db) => {
        db.prepare('UPDATE weir_metrics_1 SET record = ? WHERE run = ? AND minute = ?').run(
          text,
          run,
          minute
        )
        db.prepare('UPDATE weir_instances_1 SET state = ? WHERE run = ?').run(text, run)
      })
    }
  }
})

const now = Math.floor(Date.now() / 60_000)

t.test('old records are deleted with the next write', async (t) => {
  const file = join(t.testdir(), 'metrics.db')
  const store = open(t, file)
  await store.write(stateOf('a', { at: 1 }), [recordOf('a', now - 2000, 1, 1)])
  await store.write(stateOf('b'), [recordOf('b', now, 1, 1)])
  behind(file, (db) => {
    t.strictSame(db.prepare('SELECT run FROM weir_metrics_1').pluck().all(), ['b'])
    t.strictSame(db.prepare('SELECT run FROM weir_instances_1').pluck().all(), ['b'])
  })
})

t.test(
  'a locked file does not block the process: the write fails, and succeeds when repeated',
  async (t) => {
    const file = join(t.testdir(), 'metrics.db')
    const store = open(t, file)
    const other = new Database(file)
    t.teardown(() => {
      other.close()
    })
    other.exec('BEGIN IMMEDIATE')
    await t.rejects(store.write(stateOf('a'), [recordOf('a', now, 1, 1)]), {
      code: 'WEIR_SQLITE_BUSY'
    })
    other.exec('ROLLBACK')
    await store.write(stateOf('a'), [recordOf('a', now, 1, 1)])
    t.strictSame(countsOf(await store.read(0)), { [`a ${now}`]: 1 })
  }
)

t.test(
  'four processes open a new file at once and write to it: nothing is lost',
  async (t) => {
    const file = join(t.testdir(), 'metrics.db')
    const writers = Array.from({ length: 4 }, (_, i) =>
      fork(new URL('writer.js', import.meta.url), [file, `run-${i}`, `${now}`])
    )
    t.teardown(() => {
      for (const writer of writers) writer.kill()
    })
    const ended = writers.map((writer) => once(writer, 'exit'))
    await Promise.all(writers.map((writer) => once(writer, 'message')))
    for (const writer of writers) writer.send('go')
    t.strictSame(
      (await Promise.all(ended)).map(([code]: unknown[]) => code),
      [0, 0, 0, 0]
    )
    t.strictSame(
      countsOf(await open(t, file).read(0)),
      Object.fromEntries(writers.map((_, i) => [`run-${i} ${now}`, 50]))
    )
  }
)

t.test(
  'a file that cannot be opened is a clear error, and so is a closed store',
  async (t) => {
    const folder = t.testdir({ 'metrics.db': {} })
    t.throws(() => sqliteStore({ file: join(folder, 'metrics.db') }), {
      code: 'WEIR_SQLITE_IS_FOLDER'
    })
    const store = sqliteStore({ file: join(folder, 'sub', 'metrics.db') })
    await store.close()
    await t.rejects(store.read(0), { code: 'WEIR_SQLITE_CLOSED' })
  }
)

t.test(
  'a damaged file is set aside, and after the file was deleted the store does not know the run',
  async (t) => {
    const warned = t.capture(process, 'emitWarning')
    const file = join(t.testdir({ 'metrics.db': 'no database' }), 'metrics.db')
    let time = performance.now()
    t.intercept(performance, 'now', { value: () => time })
    const store = open(t, file)
    t.equal(warned().length, 1)
    const write = () => store.write(stateOf('a'), [recordOf('a', now, 1, 1)])
    t.strictSame([await write(), await write()], [false, true])
    rmSync(file)
    time += 5
    t.equal(await write(), false)
    t.strictSame(countsOf(await open(t, file).read(0)), { [`a ${now}`]: 1 })
  }
)
