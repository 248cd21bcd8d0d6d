import {
  closeSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  truncateSync,
  writeSync
} from 'node:fs'
import { dirname, join } from 'node:path'
import Database from 'better-sqlite3'
import t, { type Test } from 'tap'
import { add, all, openNumbers, random } from './numbers.js'
import { startUser } from './user-process.js'

const SEED = 20_260_114
// Milliseconds after which a process checks the path again.
const LOOKED_AFTER = 6

type Fault = (path: string, other: string) => void

const remove = (...files: string[]) => {
  for (const file of files) rmSync(file, { force: true, recursive: true })
}

/** Things that people do to a file in use. */
const faults: Record<string, Fault> = {
  'the file and its journal are deleted': (path) => {
    remove(path, `${path}-wal`, `${path}-shm`)
  },
  'the file alone is deleted': (path) => {
    remove(path)
  },
  'the folder is deleted': (path) => {
    remove(dirname(path))
  },
  'the folder is deleted and made again': (path) => {
    remove(dirname(path))
    mkdirSync(dirname(path))
  },
  'the folder is moved away': (path, other) => {
    renameSync(dirname(path), `${other}-folder`)
  },
  'another database is moved over it': (path, other) => {
    const db = new Database(other)
    db.exec('CREATE TABLE numbers (n INTEGER NOT NULL); INSERT INTO numbers VALUES (-1)')
    db.close()
    renameSync(other, path)
  },
  'a file of another user is moved over it': (path, other) => {
    const file = openNumbers(other)
    add(file, -1)
    file.close()
    renameSync(other, path)
  },
  'garbage is moved over it': (path, other) => {
    const file = openSync(other, 'w')
    writeSync(file, 'garbage'.repeat(1000))
    closeSync(file)
    renameSync(other, path)
  },
  'it is emptied': (path) => {
    truncateSync(path)
  }
}

/** Moves data from the journal into the file. */
function checkpoint (path: string) {
  const db = new Database(path)
  db.pragma('wal_checkpoint(TRUNCATE)')
  db.close()
}

t.test(
  'no process reads earlier data after a write that followed the deletion or replacement of the file',
  { timeout: 100_000 },
  async (t) => {
    const folder = t.testdir()
    const next = random(SEED)
    const users = await Promise.all(Array.from({ length: 3 }, () => startUser(t)))
    const pick = () => {
      const user = users[Math.floor(next() * users.length)]
      if (user === undefined) throw new Error('there is no user')
      return user
    }
    for (const [what, fault] of Object.entries(faults)) {
      for (let i = 0; i < 8; i++) {
        const path = join(folder, `${what.replaceAll(' ', '-')}-${i}`, 'numbers.db')
        await Promise.all(users.map((user) => user.open(path)))
        await pick().add(1)
        // Every second time the data is in the file itself, not only in the journal.
        if (i % 2 === 0) checkpoint(path)
        // All have checked the path a moment ago: the longest possible time until the next check.
        await Promise.all(users.map((user) => user.all()))
        fault(path, join(folder, `other-${what}-${i}`))
        // A process that has it open, or one that opens it again.
        const writer = pick()
        if (next() < 0.5) await writer.open(path)
        await writer.add(2)
        for (const found of await Promise.all(users.map((user) => user.all()))) {
          // The write may be lost with the old file, but then everything is.
          t.ok(found.includes(2) || !found.includes(1), `${what}: ${found.join()}`)
          t.notOk(found.includes(-1), `${what}: nothing of another file`)
        }
        await writer.sleep(LOOKED_AFTER)
        await writer.add(3)
        for (const user of users) {
          t.match((await user.all()).at(-1), 3, `${what}: they share one file again`)
        }
      }
    }
  }
)

t.test(
  'knowledge of the old file is discarded before the new one is used',
  async (t) => {
    const path = join(t.testdir(), 'numbers.db')
    const told: unknown[] = []
    const file = openNumbers(path, {
      replaced: (previous, next) => {
        told.push([previous.all.all(), next.all.all()])
      }
    })
    t.teardown(() => {
      file.close()
    })
    add(file, 1)
    rmSync(path)
    const other = openAndAdd(t, path, 2)
    t.strictSame(told, [])
    t.strictSame(all(file), [2])
    t.strictSame(told, [[[1], [2]]])
    add(file, 3)
    t.strictSame(all(other), [2, 3])
  }
)

t.test('a write in progress on the old file is repeated on the new one', async (t) => {
  const path = join(t.testdir(), 'numbers.db')
  const file = openNumbers(path)
  t.teardown(() => { file.close() })
  let runs = 0
  file.write((sql) => {
    // The write waits for a lock, for example, while the file is deleted and another process
    // continues with a new one.
    if (runs++ === 0) {
      rmSync(path)
      openAndAdd(t, path, 1)
    }
    sql.add.run(2)
  })
  t.equal(runs, 2)
  t.strictSame(all(file), [1, 2])
})

t.test('if the file is replaced each time, a write gives up', async (t) => {
  const path = join(t.testdir(), 'numbers.db')
  const file = openNumbers(path)
  t.teardown(() => { file.close() })
  t.throws(() => {
    file.write(() => {
      rmSync(path)
      openAndAdd(t, path, 1)
    })
  }, { code: 'WEIR_SQLITE_UNSTABLE' })
})

/** Opens the path like another process. */
function openAndAdd (t: Test, path: string, n: number) {
  const file = openNumbers(path)
  t.teardown(() => { file.close() })
  add(file, n)
  return file
}
