import type { Database } from 'better-sqlite3'
import { codeOf } from './errors.js'

// Bytes up to which all of a file is read when it is opened: some milliseconds.
const CHECKED_BYTES = 4 * 1024 * 1024

const DAMAGE =
  /^SQLITE_(CORRUPT|NOTADB|FORMAT|IOERR_(SHORT_READ|CORRUPTFS|DATA)|READONLY_DBMOVED)/
// Failures of what is around the file: a lock, the disk, permissions, memory.
const AROUND = /^SQLITE_(BUSY|LOCKED|FULL|NOMEM|IOERR|CANTOPEN|PERM|AUTH|INTERRUPT|READONLY)/

/** Contents of a file that are not what SQLite wrote. */
class Damage extends Error {
  readonly code = 'SQLITE_CORRUPT'
}

/** Whether an error says that the file's contents are damaged, or are no database. */
export const isDamage = (error: unknown): boolean => DAMAGE.test(codeOf(error))

/** As `isDamage`, while opening: a schema that cannot be used is damage too. */
export const isDamageAtOpen = (error: unknown): boolean =>
  isDamage(error) || (codeOf(error).startsWith('SQLITE_') && !AROUND.test(codeOf(error)))

/**
 * Reads the header and the schema, and all of a small file.
 * @throws an error that `isDamage` is true of
 */
export function assertWhole (db: Database): void {
  db.prepare('SELECT count(*) FROM sqlite_schema').get()
  const pages = Number(db.pragma('page_count', { simple: true }))
  if (pages * Number(db.pragma('page_size', { simple: true })) > CHECKED_BYTES) return
  const found = String(db.pragma('quick_check(1)', { simple: true }))
  if (found !== 'ok') throw new Damage(found.replace(/^\*\*\* in database main \*\*\*\n/, ''))
}
