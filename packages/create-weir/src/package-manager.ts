import { spawn } from 'node:child_process'

/** A package manager that installs and runs the app. */
export type PackageManager = 'npm' | 'pnpm' | 'yarn' | 'bun'

/**
 * Detects the package manager that runs this process from `npm_config_user_agent`; npm by default.
 */
export function packageManager (userAgent = ''): PackageManager {
  const [name] = userAgent.split('/')
  return name === 'pnpm' || name === 'yarn' || name === 'bun' ? name : 'npm'
}

/** Installs the app's dependencies with inherited output. Resolves to whether it succeeded. */
export function install (folder: string, manager: PackageManager): Promise<boolean> {
  // npm is a script on Windows and needs a shell. No argument comes from outside.
  const child = spawn(manager, ['install'], {
    cwd: folder,
    stdio: 'inherit',
    shell: process.platform === 'win32'
  })
  return new Promise((resolve) => {
    child.once('error', () => { resolve(false) })
    child.once('close', (status) => { resolve(status === 0) })
  })
}
