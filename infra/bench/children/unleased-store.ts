import type { Store } from '@weir/cache'
import { memoryStore } from '@weir/cache/memory'
import { redisStore, type RedisStoreOptions } from '@weir/cache/redis'

/**
 * The Redis store with its lease switched off. No option does this, because it is wrong:
 * invalidations by others go unnoticed. Entries in memory are checked against a table of tags as
 * usual, but whether the table is trustworthy is neither asked on reads nor proved every few
 * milliseconds: the proof at the start is valid for an hour.
 */
export function unleasedStore (options: RedisStoreOptions): Store {
  const store = redisStore({ ...options, lease: '1h' })
  const tables = memoryStore()
  return {
    ...store,
    namespace (name) {
      const { entries, validity } = store.namespace(name)
      const table = tables.namespace(name)
      validity.isValid = (entry) => table.validity.isValid(entry)
      return { entries, validity }
    }
  }
}
