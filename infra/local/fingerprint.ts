import { createHash } from 'node:crypto'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Tells whether files have changed: a digest of the paths, sizes and times of those below the folders that `fits` picks.
 * An edit that keeps a file's size and sets its modification time back changes its inode's time.
 */
export function fingerprint (folders: readonly string[], fits: (path: string) => boolean): string {
  const hash = createHash('sha256')
  for (const folder of folders) {
    for (const file of filesBelow(folder)) {
      if (!fits(file)) continue
      const { size, mtimeMs, ctimeMs } = statSync(file)
      hash.update(`${file}\0${size} ${mtimeMs} ${ctimeMs}\0`)
    }
  }
  return hash.digest('base64url')
}

/** The files below a folder, in an order that does not depend on the file system. */
function * filesBelow (folder: string): Generator<string> {
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => a.name < b.name ? -1 : 1)
  for (const entry of entries) {
    const path = join(folder, entry.name)
    if (entry.isFile()) yield path
    else if (entry.isDirectory() && entry.name !== 'node_modules') yield * filesBelow(path)
  }
}
