import { CacheError, type Store, type Validity } from '@weir/cache'
import { guardedStore } from '@weir/cache/guarded'
import { memoryStore } from '@weir/cache/memory'

/** A memory store with another way to invalidate. */
export function storeWith (invalidate: Validity['invalidate']): Store {
  const store = guardedStore(memoryStore(), () => true)
  return {
    ...store,
    namespace (name) {
      const { entries, validity } = store.namespace(name)
      return { entries, validity: { ...validity, invalidate } }
    }
  }
}

/** A store that cannot be told of an invalidation. */
export const refusingStore = () =>
  storeWith(async () => {
    throw new CacheError('WEIR_CACHE_STORE_FAILED', 'answer')
  })
