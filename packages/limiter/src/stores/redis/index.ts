import { LimiterError, shown } from '../../errors.js'
import type { Policy } from '../../policy.js'
import type { LimitStore, Verdict } from '../../store.js'
import { DECIDE, SHA } from './script.js'

/** What the store needs of a client. ioredis' `Redis` and `Cluster` have it. */
export interface RedisClient {
  evalsha (sha: string, keys: number, ...args: string[]): Promise<unknown>
  eval (source: string, keys: number, ...args: string[]): Promise<unknown>
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

  // Not async, as every request passes through here: what that would allocate is half of what there is to do.
  const run = (operation: 'take' | 'peek', key: string, policies: readonly Policy[], cost: number) => {
    const args = [nameOf(key), operation, String(cost)]
    for (const { id } of policies) args.push(id)
    const read = (reply: unknown) => verdictsOf(reply, policies.length)
    return client.evalsha(SHA, 1, ...args).then(read, (error: unknown) => {
      // Redis does not know the script, or not any more.
      if (error instanceof Error && error.message.startsWith('NOSCRIPT')) return client.eval(DECIDE, 1, ...args).then(read)
      throw error
    })
  }

  return {
    kind: 'redis',
    take: (key, policies, cost) => run('take', key, policies, cost),
    peek: (key, policies, cost) => run('peek', key, policies, cost),
    async reset (key) {
      await client.unlink(nameOf(key))
    },
    async close () {}
  }
}

function verdictsOf (reply: unknown, policies: number): Verdict[] {
  const isList = (reply: unknown): reply is readonly unknown[] => Array.isArray(reply)
  const numbers = isList(reply) ? reply : []
  const verdicts: Verdict[] = []
  for (let i = 0; i < numbers.length; i += 3) {
    verdicts.push({ remaining: Number(numbers[i]), full: Number(numbers[i + 1]), wait: Number(numbers[i + 2]) })
  }
  if (verdicts.length !== policies || !verdicts.every(isVerdict)) {
    throw new LimiterError('WEIR_LIMITER_STORE_FAILED', `give ${policies} verdicts, but ${shown(reply)}`)
  }
  return verdicts
}

const isVerdict = ({ remaining, full, wait }: Verdict) => isCount(remaining) && isCount(full) && isCount(wait)
const isCount = (value: number) => Number.isSafeInteger(value) && value >= 0
