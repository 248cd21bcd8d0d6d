import type { Database } from 'better-sqlite3'
import { codeOf } from './errors.js'

// Size in bytes up to which a file is read completely when opened, which takes some milliseconds.
const CHECKED_BYTES = 4 * 1024 * 1024

const DAMAGE =
  /^SQLITE_(CORRUPT|NOTADB|FORMAT|IOERR_(SHORT_READ|CORRUPTFS|DATA)|READONLY_DBMOVED)/
// Failures of the file's environment: a lock, the disk, permissions, memory.
const AROUND = /^SQLITE_(BUSY|LOCKED|FULL|NOMEM|IOERR|CANTOPEN|PERM|AUTH|INTERRUPT|READONLY)/

/** Content that SQLite did not write. */
class Damage extends Error {
  readonly code = 'SQLITE_CORRUPT'
}

/** Reports whether an error means that the file is damaged, or not a database. */
export const isDamage = (error: unknown): boolean => DAMAGE.test(codeOf(error))

/** Like `isDamage`, while opening: an unusable schema is damage too. */
export const isDamageAtOpen = (error: unknown): boolean =>
  isDamage(error) || (codeOf(error).startsWith('SQLITE_') && !AROUND.test(codeOf(error)))

/**
 * Reads the header and the schema, and all of a small file.
 * @throws an error for which `isDamage` returns true
 */
export function assertWhole (db: Database): void {
  db.prepare('SELECT count(*) FROM sqlite_schema').get()
  const pages = Number(db.pragma('page_count', { simple: true }))
  if (pages * Number(db.pragma('page_size', { simple: true })) > CHECKED_BYTES) return
  const found = String(db.pragma('quick_check(1)', { simple: true }))
  if (found !== 'ok') throw new Damage(found.replace(/^\*\*\* in database main \*\*\*\n/, ''))
}
