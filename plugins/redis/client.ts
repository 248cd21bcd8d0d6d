import { Cluster, Redis, type RedisOptions } from 'ioredis'
import { readBeforeTimeout } from './read-before-timeout.js'
import type { RedisAddress } from './url.js'

// A fraction of the second after which Redis should be in use again once it is back.
const retryAfter = (times: number) => Math.min(times * 50, 200)

/** Of a client whose commands fail within so many ms instead of waiting. */
export const patience = (commandTimeout: number) => ({
  commandTimeout,
  // Commands to a frozen Redis, or to a host that vanished, time out one by one, but the connection would stay "ready" for as long as
  // TCP likes. Dropping it makes the following commands fail at once, and finds the Redis that took its place.
  socketTimeout: commandTimeout + 900
})

/** How long to wait for a client to be ready, in ms: that takes some commands, and TLS. Fastify gives a plugin 10 s. */
export const readyWithin = (commandTimeout: number): number => Math.min(Math.max(500, 5 * commandTimeout), 5000)

const CONNECTION = { maxRetriesPerRequest: 0, disconnectTimeout: 100 } as const satisfies RedisOptions

const CLIENT = { enableOfflineQueue: false, enableAutoPipelining: true } as const

/** A client for the request path, which connects by itself, now and whenever the connection was lost. */
export function createClient (address: RedisAddress, commandTimeout: number): Redis | Cluster {
  const client = clientOf(address, commandTimeout)
  readBeforeTimeout(client)
  return client
}

function clientOf (address: RedisAddress, commandTimeout: number): Redis | Cluster {
  const connectTimeout = readyWithin(commandTimeout)
  const connection = { ...CONNECTION, ...patience(commandTimeout), connectTimeout }
  const alone = { ...connection, ...CLIENT, retryStrategy: retryAfter }
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
        sentinelRetryStrategy: retryAfter
      })
    }
    case 'cluster':
      return new Cluster(address.nodes, {
        ...CLIENT,
        clusterRetryStrategy: retryAfter,
        slotsRefreshTimeout: connectTimeout,
        redisOptions: { ...connection, ...address.login }
      })
  }
}
