import { accessSync, constants, existsSync, readdirSync, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Where Debian puts servers, and where only root's PATH looks. */
const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin']

/** Debian's folder of Postgres, with one folder for each version. */
const POSTGRES = '/usr/lib/postgresql'

/**
 * The path of the program, as a shell would find it in `path` (a PATH), or that in one of the
 * system's folders, or undefined.
 */
export function findProgram (name: string, path: string): string | undefined {
  const versions = existsSync(POSTGRES)
    ? readdirSync(POSTGRES).map((version) => join(POSTGRES, version, 'bin'))
    : []
  return [...path.split(delimiter).filter(Boolean), ...SYSTEM_FOLDERS, ...versions]
    .map((folder) => join(folder, name))
    .find(isProgram)
}

function isProgram (file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}
