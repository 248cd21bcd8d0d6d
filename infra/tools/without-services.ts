import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What a Debian package's scripts call to start its service, now and at each boot. */
const SERVICE_TOOLS = ['invoke-rc.d', 'deb-systemd-invoke', 'deb-systemd-helper', 'update-rc.d']

/**
 * Calls `install` with a folder to put first in the PATH of a package's scripts while it is
 * installed, so that its service is neither started (on a default port) nor enabled: the folder has
 * a do-nothing stand-in for each tool they would call for that. Nothing outside the folder is
 * touched, no service that already runs is either, and the folder is gone afterwards. (The usual
 * way, /usr/sbin/policy-rc.d, changes the whole machine for as long as it is there.)
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
