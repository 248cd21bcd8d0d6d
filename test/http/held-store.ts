import { type Claim, type Store } from '@weir/cache'
import { memoryStore } from '@weir/cache/memory'
import { gate } from './tally.js'

/** A memory store that delays storing the results of fills. */
export interface HeldStore {
  readonly store: Store
  /** Resolves when the first result is about to be stored. */
  readonly begun: Promise<void>
  /** Lets it and all others be stored. */
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
      close: () => inner.close(),
      namespace (name) {
        const { entries, validity } = inner.namespace(name)
        return {
          validity,
          entries: {
            get: (keys) => entries.get(keys),
            set: (key, frame, ttl) => entries.set(key, frame, ttl),
            delete: (key, upTo) => entries.delete(key, upTo),
            swap: (key, seen, frame, ttl) => entries.swap(key, seen, frame, ttl),
            increment: (key, seen, by) => entries.increment(key, seen, by),
            claim: async (key, seen) => hold(await entries.claim(key, seen))
          }
        }
      }
    }
  }
}
