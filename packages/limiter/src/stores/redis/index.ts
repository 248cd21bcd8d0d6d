import { LimiterError, shown } from '../../errors.js'
import type { Policy } from '../../policy.js'
import type { LimitStore, Verdict } from '../../store.js'
import { evaluate, type ScriptClient } from './evaluate.js'
import { DECIDE } from './script.js'

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
 * `weir:limit:KEY` is all that is kept of a key, at most twice as long as any of its budgets is not full. One command a decision.
 * @example redisStore({ client: new Redis({ enableOfflineQueue: false, commandTimeout: 100, enableAutoPipelining: true }) })
 */
export function redisStore ({ client, prefix = 'weir' }: RedisStoreOptions): LimitStore {
  const nameOf = (key: string) => `${prefix}:limit:${key}`

  const run = async (key: string, policies: readonly Policy[], cost: number, using: '0' | '1') => {
    const described = policies.flatMap(({ id, algorithm, meter }) => [id, algorithm, ...meter])
    return verdictsOf(await evaluate(client, DECIDE, nameOf(key), [using, cost, ...described]), policies.length)
  }

  return {
    kind: 'redis',
    take: (key, policies, cost) => run(key, policies, cost, '1'),
    peek: (key, policies, cost) => run(key, policies, cost, '0'),
    async reset (key) {
      await client.unlink(nameOf(key))
    },
    async close () {}
  }
}

function verdictsOf (reply: unknown, policies: number): Verdict[] {
  const isList = (reply: unknown): reply is readonly unknown[] => Array.isArray(reply)
  const numbers = isList(reply) ? reply.map(Number) : []
  if (numbers.length !== 3 * policies || !numbers.every(Number.isSafeInteger)) {
    throw new LimiterError('WEIR_LIMITER_STORE_FAILED', `give ${policies} verdicts, but ${shown(reply)}`)
  }
  return Array.from({ length: policies }, (_, i) => {
    const [remaining = 0, full = 0, wait = 0] = numbers.slice(3 * i)
    return { remaining, full, wait }
  })
}
