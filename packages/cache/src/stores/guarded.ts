import type { Store, StoreNamespace } from '../store.js'

/**
 * A store whose entries are valid only while `isTrusted()` says so: for what the store cannot know itself, such as an
 * invalidation that waits in an outbox because nobody could be told. Writing goes on meanwhile; reading finds nothing.
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
  return {
    get: (keys) => namespace.get(keys),
    set: (key, stamp, frame, ttl) => namespace.set(key, stamp, frame, ttl),
    delete: (key) => namespace.delete(key),
    stamp: () => namespace.stamp(),
    invalidate: (tags, consistency) => namespace.invalidate(tags, consistency),
    clear: (consistency) => namespace.clear(consistency),
    async barrier (tags) {
      const barrier = await namespace.barrier(tags)
      return isTrusted() ? barrier : Infinity
    },
    get knownSince () {
      return namespace.knownSince
    },
    // Not false: it may be trusted again in a moment.
    judge: (stamp, tags) => isTrusted() ? namespace.judge(stamp, tags) : undefined
  }
}
