import { spawn } from 'node:child_process'
import { chmod, copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findProgram } from '#infra/tools/find-program.js'
import { type Test } from 'tap'
import { onFreePort } from '../support/free-port.js'
import { program } from '../support/program.js'
import { tempDir } from '../support/temp-dir.js'

const at = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url))
const SHARED = at('infra/nginx')
const CONFIG = at('infra/kubernetes/base/nginx.conf')

/**
 * Starts nginx with the configuration of infra/kubernetes, in which the catalog's Service is
 * `host`. Returns its URL; it ends with the test.
 */
export async function startFront (t: Test, host: string): Promise<string> {
  const folder = await tempDir(t)
  // Workers of a root process run as another user, and read this folder.
  await chmod(folder, 0o755)
  return onFreePort(async (port) => {
    const prefix = join(folder, String(port))
    await mkdir(prefix)
    for (const name of await readdir(SHARED)) await copyFile(join(SHARED, name), join(prefix, name))
    const config = (await readFile(CONFIG, 'utf8'))
      .replaceAll('server catalog:4101', `server ${host}`)
      // Nothing listens on port 1.
      .replaceAll(/server (?:weather|storefront|stats):\d+/g, 'server 127.0.0.1:1')
      .replace('/tmp/nginx.pid', join(prefix, 'nginx.pid'))
      .replace('/dev/stdout', 'access.log')
      .replace('listen 8080;', `listen 127.0.0.1:${port};`)
      .replace('listen 8081;', `listen unix:${join(prefix, 'probe')};`)
    await writeFile(join(prefix, 'nginx.conf'), config)
    // One process: a killed master would leave its workers behind.
    const more = ['-g', 'master_process off; error_log stderr notice;']
    const path = findProgram('nginx', process.env['PATH'] ?? '') ?? 'nginx'
    const nginx = program(t, spawn(
      path, ['-e', 'stderr', '-p', prefix, '-c', join(prefix, 'nginx.conf'), ...more],
      { stdio: ['ignore', 'ignore', 'pipe'] }
    ))
    const line = await nginx.line(/using the ".*" event method|Address already in use/)
    return line.includes('using') ? `http://127.0.0.1:${port}` : undefined
  })
}
