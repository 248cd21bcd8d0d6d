import { inspect } from 'node:util'
import type { RedisClient } from './client.js'
import { DrivenConnection, type RedisConnection } from './connection.js'
import type { Driver } from './driver.js'
import { RedisError } from './errors.js'
import { createClient, endClient } from './ioredis/create.js'
import { IoredisDriver, isIoredis } from './ioredis/driver.js'
import {
  isNodeRedis,
  isNodeRedisCluster,
  NodeRedisClientDriver,
  NodeRedisClusterDriver
} from './node-redis/driver.js'
import { parseRedisUrl } from './url.js'

/** The Redis of a store: `url` or `client`. */
export interface RedisLocation {
  /**
   * Address of Redis.
   *
   * `redis://host:6379`, `rediss://user:password@host:6379/0`, the path of a Unix socket,
   * `redis+sentinel://host:26379,host:26379/name` or `redis+cluster://host:7000,host:7001`. The
   * store creates an ioredis client with options suited to serving requests, and closes it.
   */
  readonly url?: string | undefined
  /** A client of ioredis 5 or 6, or of node-redis 5, that you configure and close. */
  readonly client?: RedisClient | undefined
  /**
   * Command timeout in ms, whatever the client's options are: until a command is sent, redirected
   * and answered.
   *
   * Default: the client's own `commandTimeout`, else 500.
   */
  readonly commandTimeout?: number | undefined
}

const COMMAND_TIMEOUT = 500
const LONGEST_TIMEOUT = 60_000

/**
 * Opens a connection for a client of any kind, or for a URL.
 * @param prefix prefix of all keys and channels, without its colon
 * @param refuse converts an error into the caller's own
 * @throws the result of `refuse`; RedisError by default
 */
export function openRedis (
  location: RedisLocation, prefix: string, refuse: (error: RedisError) => Error = (error) => error
): RedisConnection {
  try {
    return open(location, prefix)
  } catch (error) {
    throw error instanceof RedisError ? refuse(error) : error
  }
}

function open (location: RedisLocation, prefix: string): RedisConnection {
  const { url, client, commandTimeout } = location
  if (
    commandTimeout !== undefined &&
    !(Number.isInteger(commandTimeout) && commandTimeout >= 1 && commandTimeout <= LONGEST_TIMEOUT)
  ) {
    throw new RedisError(
      'WEIR_REDIS_INVALID_OPTION',
      `commandTimeout ${inspect(commandTimeout)} is not a whole number of ms from 1 to ${LONGEST_TIMEOUT}`
    )
  }
  if (url === undefined) {
    if (client === undefined || client === null) throw new RedisError('WEIR_REDIS_NO_CLIENT')
    const driver = driverOf(client)
    return new DrivenConnection({
      client,
      driver,
      prefix,
      commandTimeout: commandTimeout ?? driver.commandTimeout ?? COMMAND_TIMEOUT,
      end: async () => {}
    })
  }
  if (client !== undefined) throw new RedisError('WEIR_REDIS_TWO_CLIENTS')
  const timeout = commandTimeout ?? COMMAND_TIMEOUT
  const own = createClient(parseRedisUrl(url), timeout)
  return new DrivenConnection({
    client: own,
    driver: driverOf(own),
    prefix,
    commandTimeout: timeout,
    end: () => endClient(own)
  })
}

function driverOf (client: RedisClient): Driver {
  if (typeof client === 'object') {
    if (isIoredis(client)) return new IoredisDriver(client)
    if (isNodeRedisCluster(client)) return new NodeRedisClusterDriver(client)
    if (isNodeRedis(client)) return new NodeRedisClientDriver(client)
  }
  throw new RedisError(
    'WEIR_REDIS_UNKNOWN_CLIENT',
    inspect(client, { depth: 0, maxStringLength: 100 })
  )
}
