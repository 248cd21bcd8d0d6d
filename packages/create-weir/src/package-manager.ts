import { spawn } from 'node:child_process'

/** A package manager by which an app is installed and run. */
export type PackageManager = 'npm' | 'pnpm' | 'yarn' | 'bun'

/**
 * The one that runs this process, as it says itself in `npm_config_user_agent`; npm if none does.
 */
export function packageManager (userAgent = ''): PackageManager {
  const [name] = userAgent.split('/')
  return name === 'pnpm' || name === 'yarn' || name === 'bun' ? name : 'npm'
}

/** Installs the dependencies of an app; its output is ours. Resolves to whether it succeeded. */
export function install (folder: string, manager: PackageManager): Promise<boolean> {
  // npm is a script for a shell on Windows. No argument comes from outside.
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
