import type { LimitStore } from '../../store.js'
import { Batch, type ScriptClient } from './batch.js'

/** What the store needs of a client. ioredis' `Redis` and `Cluster` have it. */
export interface RedisClient extends ScriptClient {
  unlink (key: string): Promise<unknown>
}

/** Options of {@link redisStore}. */
export interface RedisStoreOptions {
  /** Yours to configure and to close. For a request path: no offline queue, a command timeout, auto-pipelining. */
  readonly client: RedisClient
  /** Before every key. Default `weir`. */
  readonly prefix?: string
}

/**
 * Budgets in Redis (6.2 or later, single, Sentinel or Cluster) or Valkey, for a fleet. On Redis' own clock, so that instances need
 * not agree on theirs.
 *
 * `weir:limit:KEY` is all that is kept of a key, at most twice as long as any of its budgets is not full. One command for all decisions of
 * one turn of the event loop.
 * @example redisStore({ client: new Redis({ enableOfflineQueue: false, commandTimeout: 100, enableAutoPipelining: true }) })
 */
export function redisStore ({ client, prefix = 'weir' }: RedisStoreOptions): LimitStore {
  const nameOf = (key: string) => `${prefix}:limit:${key}`
  const batch = new Batch(client)

  return {
    kind: 'redis',
    take: (key, policies, cost) => batch.ask('take', nameOf(key), policies, cost),
    peek: (key, policies, cost) => batch.ask('peek', nameOf(key), policies, cost),
    async reset (key) {
      await client.unlink(nameOf(key))
    },
    async close () {}
  }
}
