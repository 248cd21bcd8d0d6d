import { CacheError, type Store, type Validity } from '@weir/cache'
import { guardedStore } from '@weir/cache/guarded'
import { memoryStore } from '@weir/cache/memory'

/** Returns a memory store with a different invalidate function. */
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

/** Returns a store whose invalidations fail. */
export const refusingStore = () =>
  storeWith(async () => {
    throw new CacheError('WEIR_CACHE_STORE_FAILED', 'answer')
  })
