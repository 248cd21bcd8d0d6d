import { parseArgs } from 'node:util'
import { UsageError } from './command.js'
import { NO_REDIS } from './define.js'

/** Options of `weir console`. */
export interface ConsoleCommandOptions {
  readonly redis: string
  readonly host: string
  readonly port: number
  /** Prefix of the keys in Redis, as configured in the stores of the services. */
  readonly prefix?: string
}

export const DEFAULT_PORT = 4300
const LOOPBACK = '127.0.0.1'

/**
 * Reads the arguments of `weir console`.
 * @throws UsageError, and the errors of `parseArgs`
 */
export function readOptions (
  args: readonly string[],
  { REDIS_URL }: NodeJS.ProcessEnv
): ConsoleCommandOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      redis: { type: 'string' },
      port: { type: 'string' },
      host: { type: 'string', default: LOOPBACK },
      prefix: { type: 'string' }
    }
  })
  const { redis = REDIS_URL, host, port = String(DEFAULT_PORT), prefix } = values
  if (redis === undefined || redis === '') {
    throw new UsageError(`${NO_REDIS}.`)
  }
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    throw new UsageError(`--port ${port} is not a port: write a number from 0 to 65535.`)
  }
  if (!/^[\w.:-]+$/.test(host)) {
    throw new UsageError(`--host ${host} is not an address: write an IP address or a host name.`)
  }
  if (prefix === '') throw new UsageError('--prefix is empty: leave it out for the default, weir.')
  return { redis, host, port: Number(port), ...(prefix !== undefined && { prefix }) }
}
