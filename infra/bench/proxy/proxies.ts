import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findProgram } from '../../tools/find-program.js'
import { type Child } from '../children/start.js'
import { freePort } from '../free-port.js'
import {
  configured, environment, nginxCommand, startProgram, varnishCommand
} from '../proxy-program.js'

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
  /** A folder that no other process uses, which may not exist yet; the benchmark removes it. */
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
      const vcl = await configured(
        join(CONFIGURATIONS, 'varnish.vcl'), folder, { ORIGIN_PORT: originPort })
      return varnishCommand(port, folder, vcl)
    }
  },
  {
    name: 'nginx',
    program: 'nginx',
    processes: 1,
    async command ({ port, originPort, folder }) {
      const config = await configured(join(CONFIGURATIONS, 'nginx.conf'), folder, {
        ORIGIN_PORT: originPort,
        PORT: String(port),
        FOLDER: folder
      })
      return nginxCommand(folder, config)
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

/** Starts one process of a proxy, and resolves when it takes connections. */
export async function startProxy (proxy: Proxy, place: Omit<Place, 'port'>): Promise<Child> {
  const port = await freePort()
  return await startProgram(port, await proxy.command({ ...place, port }))
}
