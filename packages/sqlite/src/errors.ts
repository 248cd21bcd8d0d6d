/** Every failure of this package, by code: what happened to the file, then what to do. */
const messages = {
  WEIR_SQLITE_INVALID_OPTION: (what: string) => what,
  WEIR_SQLITE_MISSING_DRIVER: (what: string) =>
    `better-sqlite3 cannot be loaded (${what}). ` +
    'Install it beside your application: npm install better-sqlite3',
  WEIR_SQLITE_FORBIDDEN: (what: string) =>
    `Permission denied for ${what}: let the user that runs this process read and write ` +
    'the file and its folder, or choose another path',
  WEIR_SQLITE_READ_ONLY: (what: string) =>
    `${what} is on a read-only file system: choose a path on a writable one (in a container, ` +
    'a volume)',
  WEIR_SQLITE_IS_FOLDER: (what: string) =>
    `${what} is a folder: use the path of a file in it, such as cache.db`,
  WEIR_SQLITE_NO_FOLDER: (what: string) =>
    `The folder of ${what} cannot be created, because part of its path is a file: ` +
    'choose another path, or move that file away',
  WEIR_SQLITE_NOT_A_DATABASE: (what: string) =>
    `${what} is not a SQLite database, or is damaged: move it away, restore a backup, ` +
    'or choose another path',
  WEIR_SQLITE_FOREIGN: (what: string) =>
    `${what} is a database of another program: move it away, or choose another path`,
  WEIR_SQLITE_NEWER_SCHEMA: (what: string) =>
    `${what} has the schema of a newer version: run that version, or choose another path`,
  WEIR_SQLITE_DISK_FULL: (what: string) =>
    `The disk or quota is full, so ${what} cannot grow: free some space; no restart is needed`,
  WEIR_SQLITE_BUSY: (what: string) =>
    `Another process kept ${what} locked for too long: try again; ` +
    'look for a process that is stopped',
  WEIR_SQLITE_UNSTABLE: (what: string) =>
    `${what} was repeatedly deleted or replaced while it was in use: ` +
    'stop the program that does this, or choose another path',
  WEIR_SQLITE_CLOSED: (what: string) =>
    `${what} is closed: close the store after its last use`,
  WEIR_SQLITE_FAILED: (what: string) => `${what} cannot be used: see the cause`
} as const

/** Code of a {@link SqliteFileError}. */
export type SqliteFileErrorCode = keyof typeof messages

/** An error of a file or the driver. `code` is stable; the message has the path and the remedy. */
export class SqliteFileError extends Error {
  override readonly name = 'SqliteFileError'

  constructor (readonly code: SqliteFileErrorCode, what: string, options?: ErrorOptions) {
    super(messages[code](what), options)
  }
}

/** Returns the `code` of an error of Node or SQLite, or an empty string. */
export const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
