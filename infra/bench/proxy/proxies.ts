import { spawnSync } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { findProgram } from '../../tools/find-program.js'
import { type Child, startChild } from '../children/start.js'
import { freePort } from '../free-port.js'

/** A proxy that takes part. */
export interface Proxy {
  readonly name: string
  /** The system program, installed if missing. */
  readonly program?: string
  /** Number of processes, each on a port of its own. */
  readonly processes: number
  /** The command that starts one process. */
  command (at: Place): Promise<readonly string[]>
}

/** Addresses and folder of one process. */
export interface Place {
  readonly port: number
  readonly originPort: string
  /** A folder that no other process uses; the benchmark removes it. */
  readonly folder: string
  readonly redis: string
}

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const CONFIGURATIONS = here('../../../bench/proxy/')
const ENSURE = here('../../tools/ensure.js')
const WEIR = here('../../../../examples/dist/proxy/server.js')
const PATH = process.env['PATH'] ?? ''

const weir = (name: string, processes: number, shares: boolean): Proxy => ({
  name,
  processes,
  command: async ({ port, originPort, redis }) => [
    ...environment({
      ORIGIN: `http://127.0.0.1:${originPort}`,
      PORT: String(port),
      LOG_LEVEL: 'error',
      // Larger than any body of the trace, so that no proxy refuses one.
      MAX_BODY_BYTES: String(4 * 1024 * 1024),
      REDIS_COMMAND_TIMEOUT: '1000',
      ...(shares && { REDIS_URL: redis })
    }),
    '--', process.execPath, WEIR
  ]
})

/** The proxies in the order they run. Each may use 256 MiB. */
export const proxies: readonly Proxy[] = [
  weir('weir', 1, false),
  weir('weir, 2 + redis', 2, true),
  {
    name: 'varnish',
    program: 'varnishd',
    processes: 1,
    async command ({ port, originPort, folder }) {
      const vcl = await configured('varnish.vcl', folder, { ORIGIN_PORT: originPort })
      // Varnish needs no jail here: a single user starts and ends all processes.
      return [
        '--',
        'varnishd',
        '-F',
        '-j',
        'none',
        '-n',
        join(folder, 'work'),
        '-a',
        `127.0.0.1:${port}`,
        '-f',
        vcl,
        '-s',
        'malloc,256m'
      ]
    }
  },
  {
    name: 'nginx',
    program: 'nginx',
    processes: 1,
    async command ({ port, originPort, folder }) {
      const config = await configured('nginx.conf', folder, {
        ORIGIN_PORT: originPort,
        PORT: String(port),
        FOLDER: folder
      })
      return ['--', 'nginx', '-e', 'stderr', '-p', folder, '-c', config]
    }
  }
]

/** Returns why a proxy cannot take part, after an attempt to install it. */
export function obstacle ({ program }: Proxy): string | undefined {
  if (program === undefined || findProgram(program, PATH) !== undefined) return undefined
  const { status } = spawnSync(process.execPath, [ENSURE, program], {
    stdio: ['ignore', 'inherit', 'inherit']
  })
  return status === 0 ? undefined : `${program} is not installed, and could not be`
}

/** A process of a proxy. */
export interface Running {
  readonly child: Child
  readonly url: string
}

/** Starts one process of a proxy, and resolves when it takes connections. */
export async function startProxy (proxy: Proxy, place: Omit<Place, 'port'>): Promise<Running> {
  await mkdir(place.folder, { recursive: true })
  const port = await freePort()
  // Debian puts servers into folders that only root's PATH contains.
  const path = environment({ PATH: `${PATH}:/usr/local/sbin:/usr/sbin:/sbin` })
  const child = await startChild('program', [...path, ...await proxy.command({ ...place, port })])
  for (let attempt = 0; !await answers(port); attempt++) {
    if (attempt === 200) throw new Error(`${proxy.name} does not listen after 20 s`)
    await wait(100)
  }
  return { child, url: `http://127.0.0.1:${port}` }
}

const environment = (env: Readonly<Record<string, string>>): string[] =>
  Object.entries(env).flatMap(([name, value]) => ['--env', `${name}=${value}`])

/** The configuration file of the repository, with the values of this run. */
async function configured (
  name: string,
  folder: string,
  values: Readonly<Record<string, string>>
): Promise<string> {
  let text = await readFile(join(CONFIGURATIONS, name), 'utf8')
  for (const [what, value] of Object.entries(values)) {
    text = text.replace(new RegExp(`\\b${what}\\b`, 'g'), value)
  }
  const file = join(folder, name)
  await writeFile(file, text)
  return file
}

async function answers (port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  return new Promise<boolean>((resolve) => {
    socket.once('connect', () => { resolve(true) }).once('error', () => { resolve(false) })
  }).finally(() => { socket.destroy() })
}
