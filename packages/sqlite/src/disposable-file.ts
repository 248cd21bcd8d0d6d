import type { Database } from 'better-sqlite3'
import { isDamage } from './damage.js'
import { SqliteFileError } from './errors.js'
import { explain } from './explain.js'
import { identify } from './identity.js'
import { NOTICED_WITHIN, openDisposable, type Opened, type Opening } from './open-disposable.js'
import { OPEN_TIMEOUT } from './open-wal.js'

// Milliseconds for which a file that could not be opened is not tried again.
const RETRY_AFTER = 100
// How often one write is made on one new file after another.
const WRITES = 10

/** Options of a {@link DisposableFile}. */
export interface DisposableFileOptions<S> {
  /** Milliseconds that a statement waits for another process' lock, and the event loop with it. */
  readonly timeout: number
  /**
   * Makes the tables and prepares the statements of a file that has been opened. It may run
   * several times.
   */
  readonly prepare: (db: Database) => S
  /**
   * Called before anything is done on a file that has taken the place of another: what is known in
   * memory is of the old one. The statements of the old file still work, if it is not damaged.
   */
  readonly replaced?: (previous: S, next: S) => void
}

/**
 * A database file that may be lost: processes share it, and go on with a new one if it is damaged,
 * deleted or replaced.
 *
 * Its folder is made. A file that is damaged, or no database, or was put in the place of another,
 * is set aside with a warning. Every process compares the file at the path with its own at most
 * 5 ms before it uses it, and a new file is not used for 10 ms: so nothing is done on a new file as
 * long as any process uses the old one.
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
  /** On the monotonic clock: when the path is looked at again. */
  #lookAt: number
  #failed: { readonly error: unknown, readonly until: number } | undefined
  #closed = false

  /** @throws SqliteFileError if there cannot be such a file */
  constructor (path: string, options: DisposableFileOptions<S>) {
    const isPath = typeof path === 'string' && path !== '' && !path.includes('\0')
    if (!isPath || path === ':memory:') {
      const shown = JSON.stringify(path)
      throw new SqliteFileError(
        'WEIR_SQLITE_INVALID_OPTION',
        `file ${shown} is not a path: give one such as '.data/cache.db'`
      )
    }
    this.path = path
    this.#options = options
    this.#lookAt = performance.now() + NOTICED_WITHIN
    this.#current = this.#open(Math.max(options.timeout, OPEN_TIMEOUT))
  }

  /**
   * The statements of the file that is at the path, for a question so frequent that `read` would
   * cost too much.
   * @throws SqliteFileError
   */
  get current (): S {
    this.#look()
    return this.#current.statements
  }

  /**
   * Until when what is known of the file's content may be used without a call of `current`, `read`
   * or `write`: the file was at the path at most 5 ms before. On the monotonic clock of this
   * process, in milliseconds; -Infinity once it is closed, or may not be used any more.
   */
  get sameUntil (): number {
    return this.#lookAt
  }

  /**
   * Runs `work` on the file that is at the path. If it finds damage, the file is set aside, and
   * `work` runs once more on a new one.
   * @throws SqliteFileError, or what `work` throws
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
   * As `read`, for work that is acknowledged to somebody: when it returns, the work was done on
   * the file that every other process uses. It runs again if that has become another one
   * meanwhile.
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

  /** It never shrinks by what is done here: if it did, somebody has emptied or overwritten it. */
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
    // The old one is not used any more, whether another can be opened or not.
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
    // A damaged file may not even be closed in order.
  }
}
