import { spawn } from 'node:child_process'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Test } from 'tap'
import { onFreePort } from './free-port.js'
import { type Program, program } from './program.js'
import { tempDir } from './temp-dir.js'

const CONFIG = new URL('../../../infra/nginx/weir.conf', import.meta.url)
// Debian keeps nginx where only root's PATH looks.
const PATH = `${process.env.PATH ?? ''}:/usr/local/sbin:/usr/sbin`

/** A real nginx with the suite's own configuration. */
export interface TestNginx extends Program {
  readonly url: string
}

/** Starts nginx on a free port before these instances of the catalog (their URLs); it ends with the test. */
export async function startNginx (t: Test, { catalog }: { catalog: readonly string[] }): Promise<TestNginx> {
  const folder = await tempDir(t)
  // Started by root, its workers run as somebody else, and look into this folder.
  await chmod(folder, 0o755)
  const shipped = await readFile(CONFIG, 'utf8')
  return onFreePort(async (port) => {
    const prefix = join(folder, String(port))
    const config = join(prefix, 'weir.conf')
    await mkdir(prefix)
    await writeFile(config, withAddresses(shipped, `127.0.0.1:${port}`, catalog.map((url) => new URL(url).host)))
    // One process: a master that is killed would leave its workers behind.
    const directives = 'master_process off; error_log stderr notice;'
    const nginx = program(t, spawn('nginx', ['-e', 'stderr', '-p', prefix, '-c', config, '-g', directives], {
      env: { ...process.env, PATH }, stdio: ['ignore', 'pipe', 'pipe']
    }))
    const line = await nginx.line(/using the ".*" event method|Address already in use/)
    return line.includes('using') ? { ...nginx, url: `http://127.0.0.1:${port}` } : undefined
  })
}

/** The configuration as it is shipped, but for where it listens and where the instances are. */
function withAddresses (config: string, listen: string, catalog: readonly string[]): string {
  const addresses = config.match(/127\.0\.0\.1:\d+/g)
  if (addresses?.join() !== '127.0.0.1:4101,127.0.0.1:4102,127.0.0.1:8080') throw new Error('weir.conf has other addresses than expected here')
  return config
    .replace('listen 127.0.0.1:8080;', `listen ${listen};`)
    .replace(/^ *server 127\.0\.0\.1:4101( .*;)\n.*4102.*$/m, (_match, options: string) => catalog.map((address) => `    server ${address}${options}`).join('\n'))
}
