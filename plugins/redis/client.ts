import { Cluster, Redis, type RedisOptions } from 'ioredis'
import type { RedisAddress } from './url.js'

// A fraction of the second after which Redis should be in use again once it is back.
const retryAfter = (times: number) => Math.min(times * 50, 200)

// Commands fail within 100 ms instead of waiting.
const CONNECTION = {
  maxRetriesPerRequest: 0,
  commandTimeout: 100,
  connectTimeout: 500,
  // Commands to a frozen Redis, or to a host that vanished, time out one by one, but the connection would stay "ready" for as long as
  // TCP likes. Dropping it makes the following commands fail at once, and finds the Redis that took its place.
  socketTimeout: 1000,
  disconnectTimeout: 100
} as const satisfies RedisOptions

const CLIENT = { enableOfflineQueue: false, enableAutoPipelining: true } as const

const ALONE = { ...CONNECTION, ...CLIENT, retryStrategy: retryAfter } as const satisfies RedisOptions

/** A client for the request path, which connects by itself, now and whenever the connection was lost. */
export function createClient (address: RedisAddress): Redis | Cluster {
  switch (address.kind) {
    case 'server':
      return new Redis(address.url, ALONE)
    case 'sentinel': {
      const { sentinels, name, db, login } = address
      return new Redis({
        ...ALONE,
        ...login,
        sentinels,
        name,
        db,
        ...login.tls && { sentinelTLS: login.tls, enableTLSForSentinelMode: true },
        sentinelCommandTimeout: 500,
        sentinelRetryStrategy: retryAfter
      })
    }
    case 'cluster':
      return new Cluster(address.nodes, {
        ...CLIENT,
        clusterRetryStrategy: retryAfter,
        slotsRefreshTimeout: 500,
        redisOptions: { ...CONNECTION, ...address.login }
      })
  }
}
