import { setTimeout as delay } from 'node:timers/promises'
import Database from 'better-sqlite3'

const RETRY_MS = 5

/** Returns whether another connection holds the required lock. */
export function isBusy (error: unknown): boolean {
  return error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY')
}

/**
 * Retries `work` while another connection's lock refuses it, until `timeout` ms have passed: then
 * it throws SQLite's error.
 *
 * SQLite's own busy handler would wait inside a synchronous call, and block every request of this
 * process. It is also not called when two processes switch a new file to WAL at the same instant:
 * one of them is refused at once.
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
