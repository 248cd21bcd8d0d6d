import { statSync } from 'node:fs'
import { connect } from './driver.js'

/** The file that a path leads to at one moment. */
export interface Identity {
  /** Differs from that of every other file that is open somewhere on this machine. */
  readonly id: string
  /** The same after a restart of the machine, which may number its devices anew. */
  readonly inode: string
  readonly bytes: bigint
}

/** The file at the path; undefined if there is none. */
export function identify (path: string): Identity | undefined {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false })
  return stats && { id: `${stats.dev}:${stats.ino}`, inode: String(stats.ino), bytes: stats.size }
}

const ATTEMPTS = 10

/**
 * Opens the file at the path, made if need be, and says for certain which one that is. SQLite does
 * not tell which one it opened, and the path may lead to another a moment later: it is the one
 * that was there before and after.
 * @returns undefined if the path leads to another file each time
 */
export function openIdentified<T extends { close (): void }> (
  path: string, open: () => T
): { readonly opened: T, readonly identity: Identity } | undefined {
  for (let i = 0; i < ATTEMPTS; i++) {
    const before = identify(path)
    if (before === undefined) {
      // Empty, and there the next time.
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
