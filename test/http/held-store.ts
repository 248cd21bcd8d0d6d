import { type Claim, type Store } from '@weir/cache'
import { memoryStore } from '@weir/cache/memory'
import { gate } from './tally.js'

/** A memory store that takes its time to keep what a fill has computed. */
export interface HeldStore {
  readonly store: Store
  /** Resolves when the first is to be kept. */
  readonly begun: Promise<void>
  /** Lets it, and all others, be kept. */
  readonly open: () => void
}

export function heldStore (): HeldStore {
  const [begun, held, inner] = [gate(), gate(), memoryStore()]
  const hold = async (claim: Claim): Promise<Claim> => claim.kind !== 'granted'
    ? claim
    : {
        ...claim,
        lease: {
          stamp: claim.lease.stamp,
          end: (how) => { claim.lease.end(how) },
          async store (frame, ttl) {
            begun.open()
            await held.opened
            await claim.lease.store(frame, ttl)
          }
        }
      }
  return {
    begun: begun.opened,
    open: held.open,
    store: {
      kind: 'held',
      capabilities: inner.capabilities,
      close: () => inner.close(),
      namespace (name) {
        const namespace = inner.namespace(name)
        return {
          get: (keys) => namespace.get(keys),
          set: (key, stamp, frame, ttl) => namespace.set(key, stamp, frame, ttl),
          delete: (key) => namespace.delete(key),
          claim: async (key, seen) => hold(await namespace.claim(key, seen)),
          supersede: (tag, tags, stamp) => namespace.supersede(tag, tags, stamp),
          settled: () => namespace.settled(),
          stamp: () => namespace.stamp(),
          invalidate: (tags, consistency) => namespace.invalidate(tags, consistency),
          clear: (consistency) => namespace.clear(consistency),
          barrier: (tags) => namespace.barrier(tags),
          get knownSince () { return namespace.knownSince },
          judge: (stamp, tags) => namespace.judge(stamp, tags)
        }
      }
    }
  }
}
