import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Database } from 'better-sqlite3'
import { assertWhole, isDamageAtOpen } from './damage.js'
import { codeOf, SqliteFileError } from './errors.js'
import { explain, obstacle } from './explain.js'
import { type Identity, identify, openIdentified } from './identity.js'
import { type Agreed, type OpenLock, withOpenLock } from './open-lock.js'
import { makeFolder } from './make-folder.js'
import { openWal } from './open-wal.js'
import { removeJournal, setAside } from './set-aside.js'

/** Milliseconds within which each process that uses a file notices another one at its path. */
export const NOTICED_WITHIN = 5
// Milliseconds that a new file exists at the path before it is used: all processes have noticed it
// by then.
const NOTICED_AFTER = 2 * NOTICED_WITHIN

/** An open file and its identity. */
export interface Opened<S> {
  readonly db: Database
  readonly statements: S
  readonly identity: Identity
}

/** Describes how to open a file. */
export interface Opening<S> {
  readonly path: string
  /** Milliseconds to wait while another process opens it. */
  readonly patience: number
  /** Milliseconds that a statement waits for another process' lock. */
  readonly timeout: number
  readonly prepare: (db: Database) => S
  /** A file that was found to be damaged: it must not stay at the path. */
  readonly damaged?: { readonly id: string, readonly error: unknown }
}

/**
 * Opens the file at the path, or sets it aside and opens a new one if it is unusable.
 *
 * Processes that do so concurrently open the same file.
 * @throws SqliteFileError
 */
export function openDisposable<S> (opening: Opening<S>): Opened<S> {
  const { path, patience, damaged } = opening
  try {
    makeFolder(dirname(path))
    const code = obstacle(path)
    if (code !== undefined) throw Object.assign(new Error(code), { code })
    return withOpenLock(path, patience, (lock) => {
      clear(path, lock.agreed, damaged)
      const opened = openWhole(opening)
      letNotice(lock, opened.identity)
      return opened
    })
  } catch (error) {
    throw explain(error, path)
  }
}

/** Sets aside an unusable file at the path, as far as that can be determined without opening it. */
function clear (
  path: string, agreed: Agreed | undefined, damaged: Opening<unknown>['damaged']
): void {
  const present = identify(path)
  // A process may still use the journal of the previous file. It would be taken for that of the
  // next one.
  if (present === undefined) removeJournal(path)
  else if (present.id === damaged?.id) setAside(path, because(damaged.error))
  else if (agreed !== undefined && agreed.inode !== present.inode) {
    setAside(path, 'is not the file that was made here')
  } else if (present.bytes === 0n && existsSync(`${path}-wal`)) setAside(path, 'was emptied')
}

function openWhole<S> (opening: Opening<S>): Opened<S> {
  try {
    return openHere(opening)
  } catch (error) {
    // A header can claim that the file is read-only. If nothing else confirms that, it is damage.
    const lies = codeOf(error) === 'SQLITE_READONLY' && obstacle(opening.path) === undefined
    if (!lies && !isDamageAtOpen(error)) throw error
    setAside(opening.path, because(error))
    return openHere(opening)
  }
}

function openHere<S> ({ path, timeout, prepare }: Opening<S>): Opened<S> {
  const found = openIdentified(path, () => {
    const { db, made } = openWal(path, timeout, (db) => {
      assertWhole(db)
      return prepare(db)
    })
    return { db, statements: made, close () { db.close() } }
  })
  if (found === undefined) throw new SqliteFileError('WEIR_SQLITE_UNSTABLE', path)
  const { opened: { db, statements }, identity } = found
  return { db, statements, identity }
}

/**
 * Waits, under the lock, until every process that uses another file has noticed this one. Once per
 * file.
 */
function letNotice (lock: OpenLock, { inode }: Identity): void {
  const { agreed } = lock
  if (agreed?.inode === inode && agreed.noticed === 1) return
  lock.agree({ inode, noticed: 0 })
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, NOTICED_AFTER)
  lock.agree({ inode, noticed: 1 })
}

const because = (error: unknown) =>
  `cannot be used (${error instanceof Error ? error.message : String(error)})`
