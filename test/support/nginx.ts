import { spawn } from 'node:child_process'
import { once } from 'node:events'
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

/** What is put into the configuration for a test. */
export interface NginxOptions {
  /** The URLs of the catalog's instances. */
  readonly catalog: readonly string[]
  /** Figures of limit_req in place of those that are shipped, which no test can reach at will. */
  readonly shield?: { readonly rate: string, readonly burst: number }
  /** A request header that is believed to say the client's address. */
  readonly addressFrom?: string
}

/** Starts nginx on a free port; it ends with the test. */
export async function startNginx (t: Test, options: NginxOptions): Promise<TestNginx> {
  const folder = await tempDir(t)
  // Started by root, its workers run as somebody else, and look into this folder.
  await chmod(folder, 0o755)
  const shipped = await readFile(CONFIG, 'utf8')
  return onFreePort(async (port) => {
    const prefix = join(folder, String(port))
    const config = join(prefix, 'weir.conf')
    await mkdir(prefix)
    await writeFile(config, rendered(shipped, `127.0.0.1:${port}`, options))
    // One process: a master that is killed would leave its workers behind.
    const directives = 'master_process off; error_log stderr notice;'
    const nginx = run(t, prefix, config, ['-g', directives])
    const line = await nginx.line(/using the ".*" event method|Address already in use/)
    return line.includes('using') ? { ...nginx, url: `http://127.0.0.1:${port}` } : undefined
  })
}

/** What `nginx -t` says of the configuration as it is shipped, but for where it listens, and the code it exits with. */
export async function testConfig (t: Test): Promise<{ code: unknown, output: string }> {
  const prefix = await tempDir(t)
  const config = join(prefix, 'weir.conf')
  const shipped = await readFile(CONFIG, 'utf8')
  // To test it is to bind to it.
  await writeFile(config, rendered(shipped, `unix:${join(prefix, 'socket')}`, { catalog: ['http://127.0.0.1:4101', 'http://127.0.0.1:4102'] }))
  const nginx = run(t, prefix, config, ['-t'])
  const [code] = await once(nginx.process, 'close') as unknown[]
  return { code, output: nginx.output() }
}

function run (t: Test, prefix: string, config: string, args: readonly string[]): Program {
  return program(t, spawn('nginx', ['-e', 'stderr', '-p', prefix, '-c', config, ...args], {
    env: { ...process.env, PATH }, stdio: ['ignore', 'pipe', 'pipe']
  }))
}

/** The configuration as it is shipped, but for where it listens, where the instances are, and what the test asks for. */
function rendered (config: string, listen: string, { catalog, shield, addressFrom }: NginxOptions): string {
  const addresses = config.match(/127\.0\.0\.1:\d+/g)
  if (addresses?.join() !== '127.0.0.1:4101,127.0.0.1:4102,127.0.0.1:8080') throw new Error('weir.conf has other addresses than expected here')
  const servers = catalog.map((url) => new URL(url).host)
  let result = config
    .replace(/^ *server 127\.0\.0\.1:4101( .*;)\n.*4102.*$/m, (_match, options: string) => servers.map((address) => `    server ${address}${options}`).join('\n'))
    .replace('listen 127.0.0.1:8080;', addressFrom === undefined ? `listen ${listen};` : `listen ${listen}; set_real_ip_from 127.0.0.1; real_ip_header ${addressFrom};`)
  if (shield !== undefined) {
    if (!/ rate=\w+\/\w+;[^]* burst=\d+ /.test(config)) throw new Error('weir.conf limits requests in another way than expected here')
    result = result.replace(/ rate=\w+\/\w+;/, ` rate=${shield.rate};`).replace(/ burst=\d+ /, ` burst=${shield.burst} `)
  }
  return result
}
