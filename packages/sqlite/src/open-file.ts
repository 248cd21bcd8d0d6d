import Database from 'better-sqlite3'

// Milliseconds that opening waits for another process, at least.
const OPEN_TIMEOUT = 1000

/** Options of {@link openFile}. */
export interface OpenOptions {
  /** Milliseconds that a statement waits for another process' lock, and the event loop with it. */
  readonly timeout: number
}

/**
 * Opens the file in WAL mode, and makes it if it is not there. Several processes may open a new file at the same moment.
 * @throws what better-sqlite3 throws: SQLITE_BUSY if another process keeps the lock for longer than is waited, SQLITE_CANTOPEN, …
 * @example const db = openFile('.data/cache.db', { timeout: 5000 })
 */
export function openFile (file: string, { timeout }: OpenOptions): Database.Database {
  const patience = Math.max(timeout, OPEN_TIMEOUT)
  const db = new Database(file, { timeout: patience })
  try {
    useWal(db, patience)
    // A lost page cache costs the last writes, never the file's integrity.
    db.pragma('synchronous = NORMAL')
    db.pragma(`busy_timeout = ${timeout}`)
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

/** Of two processes that switch a new file at the same instant, SQLite refuses one at once, without the timeout. */
function useWal (db: Database.Database, timeout: number): void {
  const deadline = performance.now() + timeout
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
