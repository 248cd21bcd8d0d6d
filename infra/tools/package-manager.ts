import { spawnSync } from 'node:child_process'
import { findProgram } from './find-program.js'
import { withoutServices } from './without-services.js'

/** A package manager of this machine. */
export interface PackageManager {
  readonly name: string
  /** The command for a user to install the packages. */
  command (packages: readonly string[]): string
  /** Why it must not be run automatically, if so. */
  readonly obstacle: string | undefined
  /**
   * Installs the packages without prompting and prints its output. Returns whether it succeeded.
   */
  install (packages: readonly string[]): boolean
}

/** Downloads may be slow, but not endless. */
const INSTALL_WITHIN_MS = 10 * 60_000
const ASK_WITHIN_MS = 10_000

/** Returns the platform's package manager if it is a supported one: apt-get or Homebrew. */
export function packageManager (path: string): PackageManager | undefined {
  if (findProgram('apt-get', path) !== undefined) return aptGet(path)
  if (findProgram('brew', path) !== undefined) return brew
  return undefined
}

function aptGet (path: string): PackageManager {
  const root = process.getuid?.() === 0
  const sudo =
    !root &&
    findProgram('sudo', path) !== undefined &&
    run(['sudo', '-n', 'true'], { quiet: true, timeout: ASK_WITHIN_MS })
  const prefix = root ? [] : ['sudo', '-n']
  return {
    name: 'apt-get',
    obstacle:
      root || sudo
        ? undefined
        : 'installing needs root, and sudo asks for a password',
    command: (packages) => {
      const as = root ? '' : 'sudo '
      return `${as}apt-get update && ${as}apt-get install -y --no-install-recommends ${packages.join(' ')}`
    },
    install: (packages) =>
      withoutServices((folder) => {
        // env sets our variables, which sudo would drop. The PATH of a package's scripts comes from
        // apt.
        const apt = [
          ...prefix,
          'env',
          'DEBIAN_FRONTEND=noninteractive',
          'NEEDRESTART_SUSPEND=1',
          'apt-get',
          '-qq',
          '-o',
          'DPkg::Lock::Timeout=120',
          '-o',
          `DPkg::Path=${folder}:/usr/sbin:/usr/bin:/sbin:/bin`
        ]
        // A partial failure of the update (one mirror of many) may not matter.
        run([...apt, 'update'])
        return run([...apt, 'install', '-y', '--no-install-recommends', ...packages])
      })
  }
}

const brew: PackageManager = {
  name: 'brew',
  obstacle: undefined,
  command: (packages) => `brew install ${packages.join(' ')}`,
  install: (packages) => run(['brew', 'install', '--quiet', ...packages])
}

function run (
  [program = '', ...args]: readonly string[],
  { quiet = false, timeout = INSTALL_WITHIN_MS } = {}
): boolean {
  const output = quiet ? 'ignore' : 'inherit'
  return spawnSync(program, args, { stdio: ['ignore', output, output], timeout }).status === 0
}
