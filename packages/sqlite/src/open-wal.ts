import type { Database } from 'better-sqlite3'
import { connect } from './driver.js'
import { codeOf } from './errors.js'

// Minimum number of milliseconds that opening waits for another process.
export const OPEN_TIMEOUT = 1000

/**
 * Opens a file in WAL mode, creating it if needed. Several processes may open a new file at the
 * same moment.
 * @param timeout milliseconds that a statement waits for another process' lock
 * @param make creates its tables
 * @throws the errors of better-sqlite3
 */
export function openWal<R> (
  file: string, timeout: number, make: (db: Database) => R
): { readonly db: Database, readonly made: R } {
  const patience = Math.max(timeout, OPEN_TIMEOUT)
  const db = connect(file, { timeout: patience })
  try {
    // A new file that is lost with the machine is created again: it need not be on disk yet.
    db.pragma('synchronous = OFF')
    useWal(db, patience)
    const made = make(db)
    // A lost page cache costs the last writes, never the file's integrity.
    db.pragma('synchronous = NORMAL')
    db.pragma(`busy_timeout = ${timeout}`)
    return { db, made }
  } catch (error) {
    db.close()
    throw error
  }
}

/**
 * If two processes switch a new file at the same instant, SQLite rejects one of them immediately,
 * ignoring the timeout.
 */
function useWal (db: Database, timeout: number): void {
  const deadline = performance.now() + timeout
  for (;;) {
    try {
      db.pragma('journal_mode = WAL')
      return
    } catch (error) {
      if (codeOf(error) !== 'SQLITE_BUSY' || performance.now() > deadline) throw error
    }
    // This lock respects the timeout: by then the other process has switched the file.
    db.exec('BEGIN IMMEDIATE; COMMIT')
  }
}
