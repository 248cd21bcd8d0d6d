import { createHash } from 'node:crypto'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Returns a digest that changes when files do: of their paths, sizes and times, or their absence.
 * An edit that keeps a file's size and resets its modification time still changes its inode's time.
 */
export function fingerprint (files: readonly string[]): string {
  const hash = createHash('sha256')
  for (const file of files) {
    const stats = statSync(file, { throwIfNoEntry: false })
    hash.update(
      `${file}\0${stats === undefined ? '' : `${stats.size} ${stats.mtimeMs} ${stats.ctimeMs}`}\0`
    )
  }
  return hash.digest('base64url')
}

/**
 * Lists the files below a folder except packages, in an order that does not depend on the file
 * system.
 */
export function filesBelow (folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => a.name < b.name ? -1 : 1)
    .flatMap((entry) => {
      const path = join(folder, entry.name)
      if (entry.isFile()) return [path]
      return entry.isDirectory() && entry.name !== 'node_modules' ? filesBelow(path) : []
    })
}
