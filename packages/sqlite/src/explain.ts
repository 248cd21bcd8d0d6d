import { accessSync, constants, statfsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { codeOf, SqliteFileError, type SqliteFileErrorCode } from './errors.js'

const BY_CODE: readonly (readonly [RegExp, SqliteFileErrorCode])[] = [
  [/^(EACCES|EPERM|SQLITE_PERM|SQLITE_AUTH)/, 'WEIR_SQLITE_FORBIDDEN'],
  [/^EROFS/, 'WEIR_SQLITE_READ_ONLY'],
  [/^EISDIR/, 'WEIR_SQLITE_IS_FOLDER'],
  [/^(ENOTDIR|EEXIST)/, 'WEIR_SQLITE_NO_FOLDER'],
  [/^(ENOSPC|EDQUOT|SQLITE_FULL)/, 'WEIR_SQLITE_DISK_FULL'],
  [/^SQLITE_(NOTADB|CORRUPT|FORMAT)/, 'WEIR_SQLITE_NOT_A_DATABASE'],
  [/^SQLITE_(BUSY|LOCKED)/, 'WEIR_SQLITE_BUSY']
]
// SQLite says these whatever the reason: the file system knows it.
const VAGUE = /^SQLITE_(CANTOPEN|READONLY|IOERR)/

/**
 * The named error for what Node or SQLite failed with while `file` was opened or used; any other
 * error as it is.
 * @example
 * try {
 *   return new Database(file)
 * } catch (error) {
 *   throw explain(error, file)
 * }
 */
export function explain (error: unknown, file: string): unknown {
  if (error instanceof SqliteFileError) return error
  const code = VAGUE.test(codeOf(error)) ? obstacle(file) ?? codeOf(error) : codeOf(error)
  const known = BY_CODE.find(([pattern]) => pattern.test(code))
  if (known === undefined && !/^(SQLITE_|E[A-Z]+$)/.test(code)) return error
  return new SqliteFileError(known?.[1] ?? 'WEIR_SQLITE_FAILED', file, { cause: error })
}

/** The code with which the file system refuses to have the file written, if it does. */
export function obstacle (file: string): string | undefined {
  try {
    // SQLite makes its journal, and the other files beside this one, in the folder.
    accessSync(dirname(file), constants.W_OK | constants.X_OK)
    if (statSync(file, { throwIfNoEntry: false })?.isDirectory() === true) return 'EISDIR'
    if (isFull(dirname(file))) return 'ENOSPC'
    accessSync(file, constants.R_OK | constants.W_OK)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') return codeOf(error)
  }
  return undefined
}

/** SQLite fails with an I/O error where it cannot grow the index of its log. */
function isFull (folder: string): boolean {
  const { blocks, bavail } = statfsSync(folder)
  // Those that have no blocks at all, as /proc, are not full.
  return blocks > 0 && bavail === 0
}
