import { rmSync } from 'node:fs'
import type { Database } from 'better-sqlite3'
import { isDamage } from './damage.js'
import { connect } from './driver.js'
import { SqliteFileError } from './errors.js'
import { openIdentified } from './identity.js'

/** The file that all processes agree is at the path, as recorded by those that opened it. */
export interface Agreed {
  readonly inode: string
  /** False until every process with another file open has noticed this one. */
  readonly noticed: 0 | 1
}

/** Held by one process at a time while it opens, replaces or sets aside a file. */
export interface OpenLock {
  readonly agreed: Agreed | undefined
  agree (agreed: Agreed): void
}

/**
 * Runs `work` while no other process opens the file.
 *
 * The lock is held on a small database next to the file, `<file>-lock`: the operating system
 * releases it if the process dies.
 * @param timeout milliseconds to wait for the lock
 * @throws SQLITE_BUSY if another process holds it for longer
 */
export function withOpenLock<R> (file: string, timeout: number, work: (lock: OpenLock) => R): R {
  const path = `${file}-lock`
  const db = acquire(path, timeout)
  try {
    const read = db.prepare<[], Agreed>('SELECT inode, noticed FROM agreed')
    return work({
      get agreed () { return read.get() },
      agree ({ inode, noticed }) {
        db.prepare('REPLACE INTO agreed (id, inode, noticed) VALUES (1, ?, ?)').run(inode, noticed)
      }
    })
  } finally {
    db.close()
  }
}

function acquire (path: string, timeout: number): Database {
  const open = () => lock(path, timeout)
  let found: ReturnType<typeof openIdentified<Database>>
  try {
    found = openIdentified(path, open)
  } catch (error) {
    if (!isDamage(error)) throw error
    rmSync(path, { force: true })
    found = openIdentified(path, open)
  }
  if (found === undefined) throw new SqliteFileError('WEIR_SQLITE_UNSTABLE', path)
  return found.opened
}

function lock (path: string, timeout: number): Database {
  const db = connect(path, { timeout })
  try {
    // The content may be lost with the machine: no process then has another file open.
    db.pragma('synchronous = OFF')
    db.pragma('journal_mode = MEMORY')
    db.exec(`
      BEGIN EXCLUSIVE;
      CREATE TABLE IF NOT EXISTS agreed (
        id INTEGER PRIMARY KEY, inode TEXT NOT NULL, noticed INTEGER NOT NULL
      )`)
    // The lock then outlasts the transaction, so that the agreement can be recorded before `work`
    // ends. Not set before it is held: two processes would share it, and each would wait for the
    // other.
    db.pragma('locking_mode = EXCLUSIVE')
    db.exec('COMMIT')
    return db
  } catch (error) {
    db.close()
    throw error
  }
}
