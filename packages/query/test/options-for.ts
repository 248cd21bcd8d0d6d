import { createCache } from '@weir/cache'
import { memoryStore } from '@weir/cache/memory'
import { type QueryCacheOptions, resolveOptions, type ResolvedOptions } from '../src/options.js'

/** An outbox without work. */
export const idleOutbox: QueryCacheOptions['outbox'] = {
  add: async (_, tags) => ({ id: '', tags }),
  deliver: async () => 'delivered',
  settle: async () => {},
  isDrained: () => true
}

/** Options with these tables, for tests that need no database. */
export const affecting = (
  affects: Record<string, string[]>,
  primaryKeys: Record<string, string>
): ResolvedOptions =>
  resolveOptions({
    cache: createCache({ store: memoryStore(), namespace: 'queries' }),
    outbox: idleOutbox,
    affects,
    primaryKeys
  })
