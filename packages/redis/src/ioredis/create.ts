import { createRequire } from 'node:module'
import type * as Ioredis from 'ioredis'
import type { Cluster, Redis, RedisOptions } from 'ioredis'
import { pauseAfter } from '../backoff.js'
import { RedisError } from '../errors.js'
import type { RedisAddress } from '../url.js'
import { readBeforeTimeout } from './read-before-timeout.js'

export { readBeforeTimeout } from './read-before-timeout.js'

/** Returns options of a client whose commands fail within this many ms instead of waiting. */
export const patience = (commandTimeout: number) => ({
  commandTimeout,
  // Commands to a frozen Redis, or to a host that vanished, time out one by one, but the connection
  // would stay "ready" for as long as TCP allows. Dropping it makes later commands fail at once,
  // and finds the Redis that replaced the old one.
  socketTimeout: commandTimeout + 900
})

/**
 * Returns the milliseconds to wait for a client to be ready, which takes several commands and TLS.
 * Fastify gives a plugin 10 s.
 */
export const readyWithin = (commandTimeout: number): number =>
  Math.min(Math.max(500, 5 * commandTimeout), 5000)

const CONNECTION = {
  maxRetriesPerRequest: 0,
  disconnectTimeout: 100
} as const satisfies RedisOptions

const CLIENT = { enableOfflineQueue: false, enableAutoPipelining: true } as const

/**
 * Creates a client suited to serving requests. It connects immediately, and reconnects whenever the
 * connection is lost.
 * @throws RedisError WEIR_REDIS_NO_IOREDIS
 */
export function createClient (address: RedisAddress, commandTimeout: number): Redis | Cluster {
  const client = clientOf(address, commandTimeout)
  readBeforeTimeout(client)
  return client
}

/** Closes a client. QUIT lets replies in flight arrive, and is limited by the command timeout. */
export async function endClient (client: Redis | Cluster): Promise<void> {
  // A client that is not ready would reject it.
  if (client.status === 'ready') {
    try {
      await client.quit()
      return
    } catch {
      // No answer: the next steps do not need one.
    }
  }
  client.disconnect()
}

function clientOf (address: RedisAddress, commandTimeout: number): Redis | Cluster {
  const { Cluster, Redis } = ioredis()
  const connectTimeout = readyWithin(commandTimeout)
  const connection = { ...CONNECTION, ...patience(commandTimeout), connectTimeout }
  const alone = { ...connection, ...CLIENT, retryStrategy: (times: number) => pauseAfter(times) }
  switch (address.kind) {
    case 'server':
      return new Redis(address.url, alone)
    case 'sentinel': {
      const { sentinels, name, db, login } = address
      return new Redis({
        ...alone,
        ...login,
        sentinels,
        name,
        db,
        ...login.tls && { sentinelTLS: login.tls, enableTLSForSentinelMode: true },
        sentinelCommandTimeout: connectTimeout,
        sentinelRetryStrategy: (times: number) => pauseAfter(times)
      })
    }
    case 'cluster':
      return new Cluster(address.nodes, {
        ...CLIENT,
        clusterRetryStrategy: (times) => pauseAfter(times),
        slotsRefreshTimeout: connectTimeout,
        redisOptions: { ...connection, ...address.login }
      })
  }
}

/** Loads ioredis on first use: a store with a client of another library does not need it. */
function ioredis (): typeof Ioredis {
  let loaded: unknown
  try {
    loaded = createRequire(import.meta.url)('ioredis')
  } catch (error) {
    throw new RedisError('WEIR_REDIS_NO_IOREDIS', '', { cause: error })
  }
  if (!isIoredis(loaded)) throw new RedisError('WEIR_REDIS_NO_IOREDIS')
  return loaded
}

const isIoredis = (loaded: unknown): loaded is typeof Ioredis =>
  typeof loaded === 'function' && 'Redis' in loaded && 'Cluster' in loaded
