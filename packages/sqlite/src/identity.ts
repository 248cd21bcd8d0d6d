import { statSync } from 'node:fs'
import { connect } from './driver.js'

/** The file that a path refers to at one moment. */
export interface Identity {
  /** Unique among all files currently open on this machine. */
  readonly id: string
  /** Unchanged after a restart of the machine, which may renumber its devices. */
  readonly inode: string
  readonly bytes: bigint
}

/** Identifies the file at the path; undefined if there is none. */
export function identify (path: string): Identity | undefined {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false })
  return stats && { id: `${stats.dev}:${stats.ino}`, inode: String(stats.ino), bytes: stats.size }
}

const ATTEMPTS = 10

/**
 * Opens the file at the path, creating it if needed, and identifies it reliably.
 *
 * SQLite does not report which file it opened, and the path may refer to another one a moment
 * later: it is the file that was there both before and after.
 * @returns undefined if the path refers to another file each time
 */
export function openIdentified<T extends { close (): void }> (
  path: string, open: () => T
): { readonly opened: T, readonly identity: Identity } | undefined {
  for (let i = 0; i < ATTEMPTS; i++) {
    const before = identify(path)
    if (before === undefined) {
      // Creates an empty file, which exists on the next attempt.
      connect(path, {}).close()
      continue
    }
    const opened = open()
    try {
      const identity = identify(path)
      if (identity?.id === before.id) return { opened, identity }
    } catch (error) {
      opened.close()
      throw error
    }
    opened.close()
  }
  return undefined
}
