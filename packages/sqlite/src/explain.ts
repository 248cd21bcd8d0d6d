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
// SQLite uses these codes for many reasons: the file system knows the actual one.
const VAGUE = /^SQLITE_(CANTOPEN|READONLY|IOERR)/

/**
 * Converts an error of Node or SQLite from opening or using `file` to a named error.
 *
 * Other errors are returned unchanged.
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

/** Returns the code with which the file system refuses to write the file, if it does. */
export function obstacle (file: string): string | undefined {
  try {
    // SQLite creates its journal, and other files next to this one, in the folder.
    accessSync(dirname(file), constants.W_OK | constants.X_OK)
    if (statSync(file, { throwIfNoEntry: false })?.isDirectory() === true) return 'EISDIR'
    if (isFull(dirname(file))) return 'ENOSPC'
    accessSync(file, constants.R_OK | constants.W_OK)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') return codeOf(error)
  }
  return undefined
}

/** SQLite fails with an I/O error if it cannot grow the index of its log. */
function isFull (folder: string): boolean {
  const { blocks, bavail } = statfsSync(folder)
  // File systems without blocks, such as /proc, are not full.
  return blocks > 0 && bavail === 0
}
