import type { Database } from 'better-sqlite3'
import { isDamage } from './damage.js'
import { SqliteFileError } from './errors.js'
import { explain } from './explain.js'
import { identify } from './identity.js'
import { NOTICED_WITHIN, openDisposable, type Opened, type Opening } from './open-disposable.js'
import { OPEN_TIMEOUT } from './open-wal.js'

// Milliseconds before a file that could not be opened is tried again.
const RETRY_AFTER = 100
// Maximum number of times that one write is repeated on consecutive new files.
const WRITES = 10

/** Options of a {@link DisposableFile}. */
export interface DisposableFileOptions<S> {
  /**
   * Milliseconds for which a statement, and with it the event loop, waits for another process'
   * lock.
   */
  readonly timeout: number
  /** Creates the tables and prepares the statements of an opened file. May run several times. */
  readonly prepare: (db: Database) => S
  /**
   * Called before a replacement file is used: the state in memory belongs to the old file. The old
   * file's statements still work if it is not damaged.
   */
  readonly replaced?: (previous: S, next: S) => void
}

/**
 * A database file that may be lost: processes share it, and continue with a new one if it is
 * damaged, deleted or replaced.
 *
 * Its folder is created. A file that is damaged, is not a database, or replaced another one is set
 * aside with a warning. Before using its file, every process compares it with the one at the path,
 * at most 5 ms earlier, and a new file is not used for 10 ms: nothing is done on a new file while
 * any process uses the old one.
 * @example
 * const file = new DisposableFile('.data/hits.db', {
 *   timeout: 5000,
 *   prepare (db) {
 *     db.exec('CREATE TABLE IF NOT EXISTS hits (n)')
 *     return { count: db.prepare('SELECT count(*) FROM hits') }
 *   }
 * })
 * file.read(({ count }) => count.get())
 */
export class DisposableFile<S> {
  readonly path: string
  readonly #options: DisposableFileOptions<S>
  #current: Opened<S>
  /** Monotonic time at which the path is checked again. */
  #lookAt: number
  #failed: { readonly error: unknown, readonly until: number } | undefined
  #closed = false

  /** @throws SqliteFileError if the file cannot be created */
  constructor (path: string, options: DisposableFileOptions<S>) {
    const isPath = typeof path === 'string' && path !== '' && !path.includes('\0')
    if (!isPath || path === ':memory:') {
      const shown = JSON.stringify(path)
      throw new SqliteFileError(
        'WEIR_SQLITE_INVALID_OPTION',
        `file ${shown} is not a path: use one such as '.data/cache.db'`
      )
    }
    this.path = path
    this.#options = options
    this.#lookAt = performance.now() + NOTICED_WITHIN
    this.#current = this.#open(Math.max(options.timeout, OPEN_TIMEOUT))
  }

  /**
   * The statements of the file at the path, for queries so frequent that `read` would be too
   * expensive.
   * @throws SqliteFileError
   */
  get current (): S {
    this.#look()
    return this.#current.statements
  }

  /**
   * Monotonic time until which known content may be used without calling `current`, `read` or
   * `write`.
   *
   * The file was at the path at most 5 ms before. In milliseconds, on this process's clock;
   * -Infinity once the file is closed or unusable.
   */
  get sameUntil (): number {
    return this.#lookAt
  }

  /**
   * Runs `work` on the file at the path. If it finds damage, the file is set aside, and `work` runs
   * again on a new one.
   * @throws SqliteFileError, or the error of `work`
   */
  read<R> (work: (statements: S) => R): R {
    this.#look()
    try {
      return work(this.#current.statements)
    } catch (error) {
      if (!isDamage(error)) throw explain(error, this.path)
      this.#reopen(error)
    }
    try {
      return work(this.#current.statements)
    } catch (error) {
      throw explain(error, this.path)
    }
  }

  /**
   * Like `read`, for work whose success is reported.
   *
   * When it returns, the work was done on the file that every other process uses. It runs again if
   * that file has been replaced meanwhile.
   */
  write<R> (work: (statements: S) => R): R {
    for (let i = 0; i < WRITES; i++) {
      const result = this.read(work)
      const { db } = this.#current
      this.#look()
      if (this.#current.db === db) return result
    }
    throw new SqliteFileError('WEIR_SQLITE_UNSTABLE', this.path)
  }

  close (): void {
    this.#closed = true
    this.#lookAt = -Infinity
    this.#current.db.close()
  }

  #look (): void {
    const now = performance.now()
    if (now < this.#lookAt) return
    if (this.#closed) throw new SqliteFileError('WEIR_SQLITE_CLOSED', this.path)
    if (this.#isSame()) this.#lookAt = now + NOTICED_WITHIN
    else this.#reopen()
  }

  /** Nothing here shrinks the file: if it shrank, another program emptied or overwrote it. */
  #isSame (): boolean {
    const { identity } = this.#current
    try {
      const present = identify(this.path)
      if (present?.id !== identity.id || present.bytes < identity.bytes) return false
      this.#current = { ...this.#current, identity: present }
      return true
    } catch {
      return false
    }
  }

  #reopen (error?: unknown): void {
    const now = performance.now()
    if (this.#closed) throw new SqliteFileError('WEIR_SQLITE_CLOSED', this.path)
    if (this.#failed !== undefined && now < this.#failed.until) throw this.#failed.error
    // The old file is no longer used, whether or not another can be opened.
    this.#lookAt = -Infinity
    const previous = this.#current
    let next: Opened<S> | undefined
    try {
      const damaged = error === undefined ? undefined : { id: previous.identity.id, error }
      next = this.#open(this.#options.timeout, damaged)
      this.#options.replaced?.(previous.statements, next.statements)
    } catch (error) {
      next?.db.close()
      this.#failed = { error: explain(error, this.path), until: performance.now() + RETRY_AFTER }
      throw this.#failed.error
    }
    this.#failed = undefined
    this.#current = next
    this.#lookAt = now + NOTICED_WITHIN
    closeQuietly(previous.db)
  }

  #open (patience: number, damaged?: Opening<S>['damaged']): Opened<S> {
    const { timeout, prepare } = this.#options
    return openDisposable({
      path: this.path,
      patience,
      timeout,
      prepare,
      ...(damaged && { damaged })
    })
  }
}

function closeQuietly (db: Database): void {
  try {
    db.close()
  } catch {
    // Even closing a damaged file may fail.
  }
}
