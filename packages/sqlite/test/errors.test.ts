import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import Database from 'better-sqlite3'
import t, { type Test } from 'tap'
import { DisposableFile, type SqliteFileError } from '../src/index.js'
import { explain } from '../src/explain.js'
import { add, all, openNumbers } from './numbers.js'
import { startUser } from './user-process.js'

const open = (t: Test, path: string, options = {}) => {
  const file = openNumbers(path, options)
  t.teardown(() => { file.close() })
  return file
}

t.test('an error names the path and the remedy', async (t) => {
  const folder = t.testdir({ folder: {}, file: 'text' })
  t.throws(() => openNumbers(join(folder, 'folder')), {
    code: 'WEIR_SQLITE_IS_FOLDER',
    message: `${join(folder, 'folder')} is a folder`
  })
  const under = join(folder, 'file', 'numbers.db')
  t.throws(() => openNumbers(under), { code: 'WEIR_SQLITE_NO_FOLDER', message: under })
  t.throws(() => openNumbers('/proc/weir/numbers.db'), {
    code: /^WEIR_SQLITE_/,
    message: '/proc/weir/numbers.db'
  })
  for (const path of ['', ':memory:', 'a\0b', undefined, 7]) {
    // @ts-expect-error: as plain JavaScript may call it.
    t.throws(() => new DisposableFile(path, {}), {
      code: 'WEIR_SQLITE_INVALID_OPTION',
      message: 'is not a path'
    })
  }
  t.equal(readFileSync(join(folder, 'file'), 'utf8'), 'text')
})

t.test('permission denied', async (t) => {
  // Permissions do not apply to the superuser.
  const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
  const folder = mkdtempSync(join(tmpdir(), 'weir-sqlite-'))
  t.teardown(() => {
    chmodSync(folder, 0o755)
    rmSync(folder, { recursive: true })
  })
  chmodSync(folder, 0o555)
  const user = await startUser(t, nobody)
  await t.rejects(user.open(join(folder, 'numbers.db')), {
    message: /WEIR_SQLITE_FORBIDDEN.*numbers\.db: let the user/
  })
  await t.rejects(user.open(join(folder, 'sub', 'numbers.db')), {
    message: /WEIR_SQLITE_FORBIDDEN.*numbers\.db: let the user/
  })
  chmodSync(folder, 0o777)
  writeFileSync(join(folder, 'numbers.db'), '', { mode: 0o444 })
  chmodSync(join(folder, 'numbers.db'), 0o000)
  await t.rejects(user.open(join(folder, 'numbers.db')), { message: /WEIR_SQLITE_FORBIDDEN/ })
})

t.test('a full disk', async (t) => {
  const path = join(t.testdir(), 'numbers.db')
  const limited = new DisposableFile(path, {
    timeout: 100,
    prepare (db) {
      db.exec('CREATE TABLE IF NOT EXISTS blobs (b BLOB)')
      db.pragma('max_page_count = 10')
      return { add: db.prepare('INSERT INTO blobs VALUES (zeroblob(1000000))') }
    }
  })
  t.teardown(() => { limited.close() })
  t.throws(() => limited.write(({ add }) => add.run()), {
    code: 'WEIR_SQLITE_DISK_FULL',
    message: path
  })
})

t.test('failures of the environment are distinguished from damage', async (t) => {
  const path = join(t.testdir(), 'numbers.db')
  const explained = (code: string) =>
    (explain(Object.assign(new Error('x'), { code }), path) as SqliteFileError).code
  t.equal(explained('EROFS'), 'WEIR_SQLITE_READ_ONLY')
  t.equal(explained('EPERM'), 'WEIR_SQLITE_FORBIDDEN')
  t.equal(explained('ENOSPC'), 'WEIR_SQLITE_DISK_FULL')
  t.equal(explained('SQLITE_BUSY_SNAPSHOT'), 'WEIR_SQLITE_BUSY')
  t.equal(explained('SQLITE_CANTOPEN'), 'WEIR_SQLITE_FAILED')
  t.equal(explained('SQLITE_IOERR_WRITE'), 'WEIR_SQLITE_FAILED')
  const other = new TypeError('something else')
  t.equal(explain(other, path), other)
})

t.test('a lock that another process holds', async (t) => {
  const path = join(t.testdir(), 'numbers.db')
  const file = open(t, path, { timeout: 20 })
  const other = new Database(path)
  t.teardown(() => { other.close() })
  other.exec('BEGIN IMMEDIATE')
  t.throws(() => { add(file, 1) }, { code: 'WEIR_SQLITE_BUSY', message: path })
  other.exec('ROLLBACK')
  add(file, 1)
  t.strictSame(all(file), [1])
})

t.test('a file that cannot be opened again is retried', async (t) => {
  const folder = join(t.testdir(), 'folder')
  const path = join(folder, 'numbers.db')
  const file = open(t, path)
  let now = performance.now()
  t.intercept(performance, 'now', { value: () => now })
  add(file, 1)
  rmSync(folder, { recursive: true })
  writeFileSync(folder, 'a file in its place')
  t.strictSame(all(file), [1], 'for as long as it may take to notice')
  now += 5
  t.throws(() => all(file), { code: 'WEIR_SQLITE_NO_FOLDER', message: path })
  rmSync(folder)
  t.throws(() => all(file), { code: 'WEIR_SQLITE_NO_FOLDER' }, 'not at once')
  now += 100
  t.strictSame(all(file), [])
})

t.test('a file that is closed', async (t) => {
  const path = join(t.testdir(), 'numbers.db')
  const file = openNumbers(path)
  file.close()
  t.throws(() => all(file), { code: 'WEIR_SQLITE_CLOSED', message: path })
  t.throws(() => { add(file, 1) }, { code: 'WEIR_SQLITE_CLOSED' })
})

t.test('without better-sqlite3 the error says what to install', async (t) => {
  // A folder in which Node finds no packages.
  const folder = mkdtempSync(join(tmpdir(), 'weir-sqlite-'))
  t.teardown(() => { rmSync(folder, { recursive: true }) })
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  mkdirSync(join(folder, 'src'))
  cpSync(new URL('../src', import.meta.url), join(folder, 'src'), { recursive: true })
  const { DisposableFile: Alone } = (await import(
    pathToFileURL(join(folder, 'src', 'index.js')).href
  )) as { DisposableFile: typeof DisposableFile }
  t.throws(() => new Alone(join(folder, 'numbers.db'), { timeout: 100, prepare: () => {} }), {
    name: 'SqliteFileError',
    code: 'WEIR_SQLITE_MISSING_DRIVER',
    message: /Cannot find module 'better-sqlite3'.*npm install better-sqlite3/
  })
})
