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
   * Keys kept. Beyond it the budgets of those not seen for longest are forgotten, and are full
   * again. Default 100,000.
   */
  readonly maxKeys?: number
}

/** A store in this process, which answers at once. */
export interface MemoryStore extends LimitStore {
  /** @param weight as of `decide` */
  take (key: string, policies: readonly Policy[], cost: number, weight?: number): readonly Verdict[]
  peek (key: string, policies: readonly Policy[], cost: number, weight?: number): readonly Verdict[]
}

/**
 * Budgets in this process, on its monotonic clock: for tests, for applications of one process, and
 * for what a limiter does without its own store.
 * @throws LimiterError WEIR_LIMITER_INVALID_OPTION
 */
export function memoryStore (options?: MemoryStoreOptions): LimitStore {
  return openMemory(options)
}

/** As `memoryStore`, for those who need not wait. */
export function openMemory ({ maxKeys = 100_000 }: MemoryStoreOptions = {}): MemoryStore {
  if (!Number.isSafeInteger(maxKeys) || maxKeys < 1) {
    throw new LimiterError(
      'WEIR_LIMITER_INVALID_OPTION',
      `maxKeys ${shown(maxKeys)}: give a positive integer`
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
