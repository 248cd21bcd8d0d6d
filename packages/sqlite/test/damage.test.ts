import { closeSync, openSync, readdirSync, statSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import Database from 'better-sqlite3'
import t from 'tap'
import { add, all, openNumbers, random } from './numbers.js'
import { startUser } from './user-process.js'

const SEED = 20_260_115

/** Overwrites pages with garbage, without replacing the file. */
function spoil (path: string, next: () => number) {
  const file = openSync(path, 'r+')
  const { size } = statSync(path)
  for (let page = 0; page < size; page += 4096) {
    if (next() < 0.7) {
      writeSync(file, Buffer.from(Array.from({ length: 4096 }, () => next() * 256)), 0, 4096, page)
    }
  }
  closeSync(file)
}

t.test(
  'damage found while running: one process sets the file aside, and all continue with one new file',
  { timeout: 60_000 },
  async (t) => {
    const folder = t.testdir()
    const next = random(SEED)
    for (let i = 0; i < 2; i++) {
      const path = join(folder, `${i}`, 'numbers.db')
      openNumbers(path).close()
      const db = new Database(path)
      // Enough rows that opening the file does not read all of them.
      db.exec(
        'INSERT INTO numbers WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 400000) SELECT i + 1000000000000 FROM n'
      )
      db.close()
      // The processes have read only the schema, so that they find the damage later.
      const users = await Promise.all([startUser(t), startUser(t), startUser(t)])
      await Promise.all(users.map((user) => user.open(path)))
      spoil(path, next)
      await Promise.all(users.map((user) => user.all()))
      // A process may have read all it needs already, and only notice that the file was set aside.
      await Promise.all(users.map((user) => user.sleep(6)))
      await Promise.all(users.map((user, n) => user.add(n)))
      for (const user of users) {
        t.strictSame(
          (await user.all()).filter((n) => n < 1e12),
          [0, 1, 2]
        )
      }
      const warnings = await Promise.all(users.map((user) => user.warnings()))
      t.equal(
        warnings.reduce((sum, n) => sum + n),
        1
      )
      t.equal(readdirSync(dirname(path)).filter((name) => /set-aside-\d+$/.test(name)).length, 1)
    }
  }
)

t.test('other errors are passed on, and the file stays', async (t) => {
  const path = join(t.testdir(), 'numbers.db')
  const file = openNumbers(path)
  t.teardown(() => { file.close() })
  add(file, 1)
  t.throws(
    () =>
      file.read(() => {
        throw new TypeError('mine')
      }),
    { name: 'TypeError', message: 'mine' }
  )
  t.strictSame(all(file), [1])
})
