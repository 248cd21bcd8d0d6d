import { openRedis, type RedisError, type RedisLocation } from '@weir/redis'
import { LimiterError } from '../../errors.js'
import type { LimitStore } from '../../store.js'
import { Batch } from './batch.js'

export type { RedisClient, RedisLocation } from '@weir/redis'

/** Options of {@link redisStore}: `url` or `client`, and these. */
export interface RedisStoreOptions extends RedisLocation {
  /** Prefix of every key. Default `weir`. */
  readonly prefix?: string
}

/**
 * Creates a store in Redis (6.2 or later: single, Sentinel or Cluster) or Valkey, for a fleet.
 *
 * Uses Redis' own clock, so clocks of instances need not agree.
 *
 * `weir:limit:KEY` holds everything about a key, for at most twice the time until its budgets are
 * full. All decisions of one turn of the event loop take one command.
 * @example redisStore({ url: 'redis://127.0.0.1:6379' })
 * @throws LimiterError WEIR_LIMITER_INVALID_OPTION, whose message says what to give
 */
export function redisStore ({ prefix = 'weir', ...location }: RedisStoreOptions): LimitStore {
  const connection = openRedis(location, prefix, refuse)
  const nameOf = (key: string) => `${prefix}:limit:${key}`
  const batch = new Batch(connection)

  return {
    kind: 'redis',
    take: (key, policies, cost) => batch.ask('take', nameOf(key), policies, cost),
    peek: (key, policies, cost) => batch.ask('peek', nameOf(key), policies, cost),
    lease: (key, policies, cost, terms) => batch.lease(nameOf(key), policies, cost, terms),
    reset: (key) => connection.unlink(nameOf(key)),
    close: () => connection.close()
  }
}

const refuse = (error: RedisError) =>
  new LimiterError('WEIR_LIMITER_INVALID_OPTION', `redisStore: ${error.message}`, { cause: error })
