import { shown } from '@weir/internal'
import { LRUCache } from 'lru-cache'
import type { State } from '../algorithms/index.js'
import { decide } from '../decide.js'
import { LimiterError } from '../errors.js'
import type { Policy } from '../policy.js'
import type { LimitStore, Verdict } from '../store.js'

/** Options of {@link memoryStore}. */
export interface MemoryStoreOptions {
  /**
   * Maximum number of keys. Beyond it the least recently seen ones are dropped, and their budgets
   * are full again. Default 100,000.
   */
  readonly maxKeys?: number
}

/** A store in this process, which answers synchronously. */
export interface MemoryStore extends LimitStore {
  /** @param weight see `decide` */
  take (key: string, policies: readonly Policy[], cost: number, weight?: number): readonly Verdict[]
  peek (key: string, policies: readonly Policy[], cost: number, weight?: number): readonly Verdict[]
}

/**
 * Creates a store in this process, on its monotonic clock.
 *
 * Meant for tests, single-process applications, and limiters whose own store fails.
 * @throws LimiterError WEIR_LIMITER_INVALID_OPTION
 */
export function memoryStore (options?: MemoryStoreOptions): LimitStore {
  return openMemory(options)
}

/** Like `memoryStore`, with synchronous answers. */
export function openMemory ({ maxKeys = 100_000 }: MemoryStoreOptions = {}): MemoryStore {
  if (!Number.isSafeInteger(maxKeys) || maxKeys < 1) {
    throw new LimiterError(
      'WEIR_LIMITER_INVALID_OPTION',
      `maxKeys ${shown(maxKeys)}: use a positive integer`
    )
  }
  const keys = new LRUCache<string, Map<string, State>>({ max: maxKeys })

  const run = (
    key: string,
    policies: readonly Policy[],
    cost: number,
    using: boolean,
    weight?: number
  ) => {
    const known = keys.get(key)
    const stored: (State | undefined)[] = []
    for (const { id } of policies) stored.push(known?.get(id))
    const { verdicts, states } = decide(
      policies,
      cost,
      Math.floor(performance.now() * 1000),
      stored,
      using,
      weight
    )
    if (states !== undefined) {
      const budgets = known ?? new Map<string, State>()
      for (let i = 0; i < policies.length; i++) budgets.set(policies[i]?.id ?? '', states[i] ?? [])
      if (known === undefined) keys.set(key, budgets)
    }
    return verdicts
  }

  return {
    kind: 'memory',
    take: (key, policies, cost, weight) => run(key, policies, cost, true, weight),
    peek: (key, policies, cost, weight) => run(key, policies, cost, false, weight),
    async reset (key) {
      keys.delete(key)
    },
    async close () {
      keys.clear()
    }
  }
}
