import { watch } from 'node:fs'
import { stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import Database from 'better-sqlite3'
import { type Test } from 'tap'

/** A plain connection to the database beside the service's own, closed with the test. */
export function connect (t: Test, file: string): Database.Database {
  const database = new Database(file)
  t.teardown(() => { database.close() })
  return database
}

/** Resolves once the write-ahead log of a database has grown beyond `bytes`: a large transaction is under way, or just over. */
export async function logBeyond (file: string, bytes: number): Promise<void> {
  const log = `${file}-wal`
  const watcher = watch(dirname(file))
  try {
    await new Promise<void>((resolve, reject) => {
      watcher.on('error', reject)
      watcher.on('change', (_event, name) => {
        if (join(dirname(file), String(name)) !== log) return
        // Gone again when its last user closed it in good order.
        stat(log).then(({ size }) => { if (size > bytes) resolve() }, () => {})
      })
    })
  } finally {
    watcher.close()
  }
}
