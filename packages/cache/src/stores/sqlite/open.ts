import Database from 'better-sqlite3'
import { migrate } from './schema.js'

// How long a statement waits for another process' lock, in milliseconds.
const TIMEOUT = 5000

/** Opens the file in WAL mode with its tables in place. Instances may open a new file at the same moment. */
export function openFile (file: string): Database.Database {
  const db = new Database(file, { timeout: TIMEOUT })
  useWal(db)
  // A lost page cache costs a cache its last writes, never its integrity.
  db.pragma('synchronous = NORMAL')
  migrate(db)
  return db
}

/** Of two processes that switch a new file at the same instant, SQLite refuses one at once, without the timeout. */
function useWal (db: Database.Database): void {
  const deadline = performance.now() + TIMEOUT
  for (;;) {
    try {
      db.pragma('journal_mode = WAL')
      return
    } catch (error) {
      if (!(error instanceof Database.SqliteError && error.code === 'SQLITE_BUSY') || performance.now() > deadline) throw error
    }
    // This lock is waited for: the other one has then done it.
    db.exec('BEGIN IMMEDIATE; COMMIT')
  }
}
