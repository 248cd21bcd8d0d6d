import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Test } from 'tap'
import { onFreePort } from './free-port.js'
import { type Program, program } from './program.js'
import { tempDir } from './temp-dir.js'

const CONFIG = new URL('../../../infra/nginx/', import.meta.url)
// Debian installs nginx in a folder that only root's PATH contains.
const PATH = `${process.env.PATH ?? ''}:/usr/local/sbin:/usr/sbin`

/** Nothing listens on port 1. */
const NOBODY = ['http://127.0.0.1:1']

/** A real nginx with the suite's own configuration. */
export interface TestNginx extends Program {
  readonly url: string
  /** The lines of its access log so far. */
  readonly accessLog: () => Promise<string[]>
}

/** Changes to the configuration for a test. */
export interface NginxOptions {
  /** The URLs of each service's instances. Without them the service is unreachable. */
  readonly catalog?: readonly string[]
  readonly weather?: readonly string[]
  readonly storefront?: readonly string[]
  readonly stats?: readonly string[]
  /** Figures of limit_req in place of the shipped ones, which no test can reach reliably. */
  readonly shield?: { readonly rate: string, readonly burst: number }
  /** Response timeout of an instance, in place of 30 s. */
  readonly answerWithin?: string
  /** A request header that is trusted for the client's address. */
  readonly addressFrom?: string
}

/** Starts nginx on a free port; it ends with the test. */
export async function startNginx (t: Test, options: NginxOptions): Promise<TestNginx> {
  const folder = await tempDir(t)
  // Workers of a root process run as another user, and read this folder.
  await chmod(folder, 0o755)
  return onFreePort(async (port) => {
    const prefix = join(folder, String(port))
    await mkdir(prefix)
    const config = await writeConfig(prefix, 'weir.conf', `127.0.0.1:${port}`, options)
    // One process: a killed master would leave its workers behind.
    const directives = 'master_process off; error_log stderr notice;'
    const nginx = run(t, prefix, config, ['-g', directives])
    const line = await nginx.line(/using the ".*" event method|Address already in use/)
    if (!line.includes('using')) return undefined
    return {
      ...nginx,
      url: `http://127.0.0.1:${port}`,
      accessLog: async () =>
        (await readFile(join(prefix, 'access.log'), 'utf8'))
          .split('\n')
          .filter((line) => line !== '')
    }
  })
}

/**
 * Output and exit code of `nginx -t` for the shipped configuration, except for the addresses it
 * listens on.
 */
export async function testConfig (
  t: Test,
  file: 'weir.conf' | 'compose.conf'
): Promise<{ code: unknown; output: string }> {
  const prefix = await tempDir(t)
  // Testing a configuration binds its addresses.
  const config = await writeConfig(prefix, file, `unix:${join(prefix, 'socket')}`)
  const nginx = run(t, prefix, config, ['-t'])
  const [code] = (await once(nginx.process, 'close')) as unknown[]
  return { code, output: nginx.output() }
}

function run (t: Test, prefix: string, config: string, args: readonly string[]): Program {
  return program(t, spawn('nginx', ['-e', 'stderr', '-p', prefix, '-c', config, ...args], {
    // All output goes to stderr. /dev/stdout cannot be opened if it is a socket, as Node's pipes
    // are.
    env: { ...process.env, PATH }, stdio: ['ignore', 'ignore', 'pipe']
  }))
}

/**
 * Writes the shipped configuration with the test's listen address, instances and options. Without
 * options the instances are the shipped ones. Returns the main file.
 */
async function writeConfig (
  folder: string,
  main: string,
  listen: string,
  options?: NginxOptions
): Promise<string> {
  const { shield, answerWithin } = options ?? {}
  for (const name of await readdir(CONFIG)) {
    let text = await readFile(new URL(name, CONFIG), 'utf8')
    if (name === main) text = relocated(text, listen, options)
    if (shield !== undefined && name === 'http.conf') {
      text = replaced(text, / rate=\w+\/\w+;/, ` rate=${shield.rate};`)
    }
    if (shield !== undefined && name === 'server.conf') {
      text = replaced(text, / burst=\d+ /, ` burst=${shield.burst} `)
    }
    if (answerWithin !== undefined && name === 'server.conf') {
      text = replaced(text, /proxy_read_timeout 30s;/, `proxy_read_timeout ${answerWithin};`)
    }
    await writeFile(join(folder, name), text)
  }
  return join(folder, main)
}

function relocated (config: string, listen: string, options: NginxOptions | undefined): string {
  if (options === undefined) return replaced(config, /listen \S*8080;/, `listen ${listen};`)
  const { addressFrom } = options
  const client =
    addressFrom === undefined ? '' : ` set_real_ip_from 127.0.0.1; real_ip_header ${addressFrom};`
  let text = replaced(config, /listen \S*8080;/, `listen ${listen};${client}`)
  for (const service of ['catalog', 'weather', 'storefront', 'stats'] as const) {
    const servers = (options[service] ?? NOBODY).map(
      (url) => `    server ${new URL(url).host}$2;\n`
    )
    text = replaced(
      text,
      new RegExp(`(upstream ${service} {\\n)(?:    server \\S+?( .*)?;\\n)+`),
      `$1${servers.join('')}`
    )
  }
  return text
}

/** Replaces a pattern that must exist, so that no test runs with an unintended configuration. */
function replaced (text: string, pattern: RegExp, by: string): string {
  if (!pattern.test(text)) throw new Error(`the configuration of nginx has nothing like ${pattern}`)
  return text.replace(pattern, by)
}
