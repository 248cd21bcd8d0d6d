import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Where Debian puts servers, and where only root's PATH looks. */
const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin']

/** The path of the program, as a shell would find it in `path` (a PATH) or the system's sbin folders, or undefined. */
export function findProgram (name: string, path: string): string | undefined {
  return [...path.split(delimiter).filter(Boolean), ...SYSTEM_FOLDERS].map((folder) => join(folder, name)).find(isProgram)
}

function isProgram (file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}
