import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { redact } from '@weir/internal'
import { StartError } from './errors.js'

const SUFFIX = '.suite'

/**
 * Marks the data folder as used by this process with a store of cached responses, until the process
 * ends. Suites may share the folder only if they share the store as well: otherwise a write through
 * one of them would leave the responses of the others stale.
 *
 * @param redisUrl undefined: the store is a file in the folder
 * @throws StartError WEIR_ERR_OTHER_STORE
 */
export function claimDataFolder (
  folder: string,
  redisUrl: string | undefined,
  pid = process.pid
): void {
  const store = redisUrl === undefined ? 'SQLite' : redact(redisUrl)
  mkdirSync(folder, { recursive: true })
  const own = join(folder, `${pid}${SUFFIX}`)
  // Written before the others are read: of two suites that start at once, at least one sees the
  // other.
  writeFileSync(own, store)
  for (const name of readdirSync(folder)) {
    const file = join(folder, name)
    if (!name.endsWith(SUFFIX) || file === own) continue
    const other = Number(name.slice(0, -SUFFIX.length))
    if (!isAlive(other)) rmSync(file, { force: true })
    else if (storeIn(file) !== store) {
      rmSync(own, { force: true })
      throw new StartError(
        'WEIR_ERR_OTHER_STORE',
        `process ${other} uses ${folder} with another store (${storeIn(file)}, not ${store}): ` +
        'stop it, use the same REDIS_URL, or set DATA_DIR to another folder'
      )
    }
  }
  process.once('exit', () => { rmSync(own, { force: true }) })
}

function storeIn (file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return 'unknown'
  }
}

function isAlive (pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
