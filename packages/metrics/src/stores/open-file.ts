import Database from 'better-sqlite3'

// Milliseconds that opening waits for another process.
const OPEN_TIMEOUT = 1000

/**
 * Opens the file in WAL mode. Several processes may open a new file at the same moment.
 * @param timeout milliseconds that a statement waits for another process' lock, and the event loop with it
 */
export function openFile (file: string, timeout: number): Database.Database {
  const db = new Database(file, { timeout: OPEN_TIMEOUT })
  useWal(db)
  // A lost page cache costs the last writes, never the file's integrity.
  db.pragma('synchronous = NORMAL')
  db.pragma(`busy_timeout = ${timeout}`)
  return db
}

/** Of two processes that switch a new file at the same instant, SQLite refuses one at once, without the timeout. */
function useWal (db: Database.Database): void {
  const deadline = performance.now() + OPEN_TIMEOUT
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
