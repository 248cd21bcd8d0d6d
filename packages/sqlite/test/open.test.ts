import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeFileSync
} from 'node:fs'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { add, all, openNumbers, random } from './numbers.js'
import { startUser } from './user-process.js'

const SEED = 20_260_113

function open (t: Test, path: string) {
  const file = openNumbers(path)
  t.teardown(() => { file.close() })
  return file
}

/** Counts the warnings about set-aside files from now on, without printing them. */
function countWarnings (t: Test): () => number {
  const warned = t.capture(process, 'emitWarning')
  let count = 0
  return () => {
    for (const [, options] of warned.args()) {
      if (typeof options === 'object' && options.code === 'WEIR_SQLITE_SET_ASIDE') count++
    }
    return count
  }
}

const asides = (path: string) =>
  readdirSync(dirname(path)).filter((name) => /\.set-aside-\d+$/.test(name))

/** The bytes of a file of 5,000 numbers, about 15 pages. */
function numbers (t: Test): Buffer {
  const path = join(t.testdir(), 'numbers.db')
  const file = openNumbers(path)
  file.read(({ add }) => { for (let i = 0; i < 5000; i++) add.run(i * 1e9) })
  file.close()
  return readFileSync(path)
}

t.test('a file and its folders are created, in WAL mode, and shared', async (t) => {
  const path = join(t.testdir(), 'a', 'b', 'c', 'numbers.db')
  const [a, b] = [open(t, path), open(t, path)]
  add(a, 1)
  add(b, 2)
  t.strictSame([all(a), all(b)], [[1, 2], [1, 2]])
  t.ok(existsSync(`${path}-wal`))
})

t.test('a file outlives its users', async (t) => {
  const path = join(t.testdir(), 'numbers.db')
  for (let i = 0; i < 3; i++) {
    const file = openNumbers(path)
    add(file, i)
    file.close()
  }
  t.strictSame(all(open(t, path)), [0, 1, 2])
  t.strictSame(asides(path), [])
})

t.test('garbage of any size is set aside, with a warning', async (t) => {
  const warnings = countWarnings(t)
  const next = random(SEED)
  const folder = t.testdir()
  for (let i = 0; i < 60; i++) {
    const path = join(folder, `${i}`, 'numbers.db')
    // SQLite treats a file of one byte as empty.
    const garbage = Buffer.from(
      Array.from({ length: 2 + Math.floor(next() ** 3 * 20_000) }, () => next() * 256)
    )
    // Some of it starts like a database.
    if (i % 3 === 0) garbage.write('SQLite format 3\0', 'latin1')
    mkdirSync(dirname(path))
    writeFileSync(path, garbage)
    const file = openNumbers(path)
    add(file, i)
    t.strictSame(all(file), [i])
    file.close()
    t.equal(asides(path).length, 1, `${garbage.length} bytes`)
    t.equal(warnings(), i + 1)
    t.strictSame(readFileSync(join(dirname(path), asides(path)[0] ?? '')), garbage)
  }
})

t.test(
  'a file truncated anywhere, or with garbage anywhere, is used or set aside, and nothing throws',
  async (t) => {
    const warnings = countWarnings(t)
    const next = random(SEED)
    const whole = numbers(t)
    const folder = t.testdir()
    for (let i = 0; i < 120; i++) {
      const path = join(folder, `${i}`, 'numbers.db')
      mkdirSync(dirname(path))
      writeFileSync(path, whole)
      const at = Math.floor(next() * whole.length)
      if (i % 2 === 0) {
        truncateSync(path, at)
      } else {
        const garbage = Buffer.from(Array.from({ length: 512 }, () => next() * 256))
        writeFileSync(
          path,
          Buffer.concat([whole.subarray(0, at), garbage, whole.subarray(at + 512)])
        )
      }
      const file = openNumbers(path)
      add(file, -1)
      t.equal(all(file)[0], -1, `${i} at ${at}`)
      if (i % 2 === 0 && at > 1) t.equal(asides(path).length, 1, `${i} cut at ${at}`)
      file.close()
    }
    t.ok(warnings() > 90, 'most of them are recognized as damaged')
  }
)

t.test('a file that was emptied, together with its journal, is set aside', async (t) => {
  const warnings = countWarnings(t)
  const path = join(t.testdir(), 'numbers.db')
  const before = open(t, path)
  add(before, 1)
  truncateSync(path, 0)
  const after = open(t, path)
  add(after, 2)
  t.strictSame(all(after), [2])
  t.equal(warnings(), 1)
  t.strictSame(all(before), [2], 'the process that had it open continues with the new one')
})

t.test('a copy of a file is set aside: its content may have been undone since', async (t) => {
  const warnings = countWarnings(t)
  const folder = t.testdir({ copy: {} })
  const path = join(folder, 'numbers.db')
  const copy = join(folder, 'copy', 'numbers.db')
  const file = openNumbers(path)
  add(file, 1)
  file.close()
  for (const part of ['', '-lock']) writeFileSync(copy + part, readFileSync(path + part))
  t.strictSame(all(open(t, copy)), [])
  t.equal(asides(copy).length, 1)
  t.equal(warnings(), 1)
})

t.test('the lock file may be garbage too', async (t) => {
  const path = join(
    t.testdir({
      'numbers.db-lock': 'not a database, however closely it is checked'.repeat(100)
    }),
    'numbers.db'
  )
  const file = open(t, path)
  add(file, 1)
  t.strictSame(all(open(t, path)), [1])
})

t.test('three set-aside files are kept', async (t) => {
  const warnings = countWarnings(t)
  const path = join(t.testdir(), 'numbers.db')
  const names = new Set<string>()
  for (let i = 0; i < 6; i++) {
    writeFileSync(path, `garbage ${i}`)
    openNumbers(path).close()
    for (const name of asides(path)) names.add(name)
  }
  t.ok(asides(path).length <= 3)
  t.equal(warnings(), 6)
  t.strictSame(asides(path), [...names].sort().slice(-asides(path).length))
})

t.test(
  'processes that find a damaged file, or none, at the same moment share one new file',
  { timeout: 60_000 },
  async (t) => {
    const folder = t.testdir()
    const users = await Promise.all(Array.from({ length: 4 }, () => startUser(t)))
    const warned = async () =>
      (await Promise.all(users.map((user) => user.warnings()))).reduce((sum, n) => sum + n)
    for (let i = 0; i < 30; i++) {
      const path = join(folder, `${i}`, 'numbers.db')
      const damaged = i % 2 === 0
      if (damaged) {
        mkdirSync(dirname(path))
        writeFileSync(path, 'garbage'.repeat(i * 100 + 1))
      }
      const before = await warned()
      await Promise.all(
        users.map(async (user, n) => {
          await user.open(path)
          await user.add(n)
        })
      )
      const found = await Promise.all(users.map((user) => user.all()))
      t.strictSame(
        found,
        users.map(() => [0, 1, 2, 3]),
        path
      )
      t.equal((await warned()) - before, damaged ? 1 : 0)
      t.equal(asides(path).length, damaged ? 1 : 0)
    }
  }
)
