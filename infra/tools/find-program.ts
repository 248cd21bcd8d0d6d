import { accessSync, constants, existsSync, readdirSync, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Folders where Debian puts servers, which only root's PATH contains. */
const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin']

/** Debian's folder of Postgres, with a subfolder per version. */
const POSTGRES = '/usr/lib/postgresql'

/**
 * Returns the path of a program: as a shell would find it in `path` (a PATH), or in one of the
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

/** Folders of the modules of servers, on Debian and with Homebrew. */
const MODULE_FOLDERS = ['/usr/lib/nginx/modules', '/opt/homebrew/lib/varnish/vmods']

/** Returns the path of a server's module, such as `libvmod_xkey.so`, or undefined. */
export function findModule (name: string): string | undefined {
  const platforms = existsSync('/usr/lib')
    ? readdirSync('/usr/lib').map((platform) => join('/usr/lib', platform, 'varnish/vmods'))
    : []
  return [...MODULE_FOLDERS, ...platforms].map((folder) => join(folder, name)).find(existsSync)
}
