import type { Store, StoreNamespace } from '../src/index.js'
import { memoryStore } from '../src/stores/memory.js'

type Method = Exclude<keyof StoreNamespace, 'judge'>

/** A memory store that does what the test says, method by method. */
export interface SteeredStore {
  readonly store: Store
  /** What was asked so far. */
  readonly asked: Method[]
  /** Runs before the method; what it throws the store throws. */
  before: Partial<Record<Method, () => void | Promise<void>>>
  /** Runs between the method's work and its answer. */
  after: Partial<Record<Method, () => void | Promise<void>>>
}

/** @param judgesLocally false: rule V has to be asked for, as of a store on another machine */
export function steeredStore ({ judgesLocally = true } = {}): SteeredStore {
  const inner = memoryStore()
  const steered: SteeredStore = {
    asked: [],
    before: {},
    after: {},
    store: {
      kind: 'steered',
      capabilities: { ...inner.capabilities, judgesLocally },
      namespace (name) {
        const namespace = inner.namespace(name)
        const steer = async <R>(method: Method, work: () => Promise<R>): Promise<R> => {
          steered.asked.push(method)
          await steered.before[method]?.()
          const answer = await work()
          await steered.after[method]?.()
          return answer
        }
        return {
          get: (keys) => steer('get', () => namespace.get(keys)),
          set: (key, stamp, frame, ttl) => steer('set', () => namespace.set(key, stamp, frame, ttl)),
          delete: (key) => steer('delete', () => namespace.delete(key)),
          async claim (key, seen) {
            const claim = await steer('claim', () => namespace.claim(key, seen))
            if (claim.kind !== 'granted') return claim
            const { lease } = claim
            return { ...claim, lease: { ...lease, store: (frame, ttl) => steer('set', () => lease.store(frame, ttl)) } }
          },
          supersede: (tag, tags, stamp) => steer('supersede', () => namespace.supersede(tag, tags, stamp)),
          settled: () => steer('settled', () => namespace.settled()),
          stamp: () => steer('stamp', () => namespace.stamp()),
          invalidate: (tags, consistency) => steer('invalidate', () => namespace.invalidate(tags, consistency)),
          clear: (consistency) => steer('clear', () => namespace.clear(consistency)),
          barrier: (tags) => steer('barrier', () => namespace.barrier(tags)),
          knownSince: judgesLocally ? 0 : Infinity,
          judge: (stamp, tags) => judgesLocally ? namespace.judge(stamp, tags) : undefined
        }
      },
      close: () => inner.close()
    }
  }
  return steered
}
