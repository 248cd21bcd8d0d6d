import { CacheError } from '../errors.js'
import type { Store, StoreNamespace } from '../store.js'

/**
 * A store whose entries are valid only while `isTrusted()` says so: for what the store cannot know itself, such as an
 * invalidation that waits in an outbox because nobody could be told. Writing goes on meanwhile; reading fails.
 *
 * @param isTrusted asked at every read, after it began: it must be quick
 * @example guardedStore(redisStore({ client }), () => outbox.isDrained())
 */
export function guardedStore (store: Store, isTrusted: () => boolean): Store {
  return {
    kind: store.kind,
    // Whether an entry may be used has to be asked again, even where the store could tell.
    capabilities: { ...store.capabilities, judgesLocally: false },
    namespace: (name) => guarded(store.namespace(name), isTrusted),
    close: () => store.close()
  }
}

function guarded (namespace: StoreNamespace, isTrusted: () => boolean): StoreNamespace {
  const check = () => {
    if (!isTrusted()) throw new CacheError('WEIR_CACHE_STORE_UNTRUSTED', 'The store')
  }
  return {
    get: (keys) => namespace.get(keys),
    set: (key, stamp, frame, ttl) => namespace.set(key, stamp, frame, ttl),
    delete: (key) => namespace.delete(key),
    async claim (key, seen) {
      check()
      return namespace.claim(key, seen)
    },
    supersede: (tag, tags, stamp) => namespace.supersede(tag, tags, stamp),
    settled: () => namespace.settled(),
    stamp: () => namespace.stamp(),
    invalidate: (tags, consistency) => namespace.invalidate(tags, consistency),
    clear: (consistency) => namespace.clear(consistency),
    async barrier (tags) {
      const barrier = await namespace.barrier(tags)
      check()
      return barrier
    },
    get knownSince () {
      return namespace.knownSince
    },
    // Not false: it may be trusted again in a moment.
    judge: (stamp, tags) => isTrusted() ? namespace.judge(stamp, tags) : undefined
  }
}
