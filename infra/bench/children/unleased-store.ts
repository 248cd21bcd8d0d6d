import type { Store } from '@weir/cache'
import { memoryStore } from '@weir/cache/memory'
import { redisStore, type RedisStoreOptions } from '@weir/cache/redis'

/**
 * The Redis store with its lease switched off, which no option does, because it is wrong: what
 * others invalidate is not heard. Entries in memory are judged by a table of tags as they are with
 * it, but whether that may be trusted is neither asked when they are read nor proved every few
 * milliseconds: the one proof at the start does for an hour.
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
