import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Commands with which a Debian package's scripts start its service, now and at each boot. */
const SERVICE_TOOLS = ['invoke-rc.d', 'deb-systemd-invoke', 'deb-systemd-helper', 'update-rc.d']

/**
 * Calls `install` with a folder to put first in the PATH of a package's scripts, so that its
 * service is neither started (on a default port) nor enabled: the folder has a do-nothing
 * replacement for each tool that would do so. Nothing outside the folder changes, running services
 * are not affected, and the folder is removed afterwards. (The usual way, /usr/sbin/policy-rc.d,
 * affects the whole machine while it exists.)
 */
export function withoutServices<T> (install: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'weir-install-'))
  try {
    for (const tool of SERVICE_TOOLS) {
      writeFileSync(join(folder, tool), '#!/bin/sh\nexit 0\n', { mode: 0o755 })
    }
    return install(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
