import { setTimeout as delay } from 'node:timers/promises'
import Database from 'better-sqlite3'

const RETRY_MS = 5

/** Another connection holds the lock this one needs. */
export function isBusy (error: unknown): boolean {
  return error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY')
}

/**
 * Tries `work` until it is not refused by another connection's lock, or `timeout` ms have passed:
 * then it throws what SQLite said.
 *
 * SQLite's own busy handler would wait inside a synchronous call, and every request of this process
 * with it. It is also never asked when two processes switch one new file to WAL at the same
 * instant: one of them is refused at once.
 */
export async function whileBusy<T> (timeout: number, work: () => T | Promise<T>): Promise<T> {
  const deadline = performance.now() + timeout
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (!isBusy(error) || performance.now() >= deadline) throw error
    }
    await delay(RETRY_MS)
  }
}
