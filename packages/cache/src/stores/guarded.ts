import { CacheError } from '../errors.js'
import type { Store } from '../store.js'
import type { Judged, Validity } from '../validity.js'

/**
 * Wraps a store so that its entries are valid only while `isTrusted()` returns true.
 *
 * Use it for conditions that the store cannot know, such as an invalidation waiting in an outbox
 * because the store did not answer. While untrusted, writes continue and reads find nothing.
 *
 * @param isTrusted called during every read, so it must be fast
 * @example guardedStore(redisStore({ client }), () => outbox.isDrained())
 */
export function guardedStore (store: Store, isTrusted: () => boolean): Store {
  const namespaces = store.namespaces?.bind(store)
  return {
    namespace (name) {
      const guardedNamespace = store.namespace(name)
      return { ...guardedNamespace, validity: guarded(guardedNamespace.validity, isTrusted) }
    },
    close: () => store.close(),
    ...(namespaces && { namespaces })
  }
}

function guarded (validity: Validity, isTrusted: () => boolean): Validity {
  // Neither valid nor invalid: the store may be trusted again in a moment.
  const untrusted = () => new CacheError('WEIR_CACHE_STORE_UNTRUSTED', 'The store')

  const ask = async <R>(answer: R | Promise<R>): Promise<R> => {
    const known = await answer
    if (!isTrusted()) throw untrusted()
    return known
  }
  return {
    stamp: () => validity.stamp(),
    callStamp: () => validity.callStamp(),
    invalidate: (tags, consistency) => validity.invalidate(tags, consistency),
    replace: (entry, until) => validity.replace(entry, until),
    stampIfValid: (entry) => ask(validity.stampIfValid(entry)),
    replaced: (key, stamp, until) => validity.replaced(key, stamp, until),
    clear: (consistency) => validity.clear(consistency),
    waitForLeases: () => validity.waitForLeases(),
    isValid (entry: Judged) {
      const valid = validity.isValid(entry)
      return typeof valid === 'boolean' && isTrusted() ? valid : ask(valid)
    }
  }
}
