import type { Entries, Store, Validity } from '../src/index.js'
import { memoryStore } from '../src/stores/memory.js'

type Method = keyof Entries | keyof Validity

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
      namespace (name) {
        const { entries, validity } = inner.namespace(name)
        const steer = async <R>(method: Method, work: () => R | Promise<R>): Promise<R> => {
          steered.asked.push(method)
          await steered.before[method]?.()
          const answer = await work()
          await steered.after[method]?.()
          return answer
        }
        return {
          entries: {
            get: (keys) => steer('get', () => entries.get(keys)),
            set: (key, frame, ttl) => steer('set', () => entries.set(key, frame, ttl)),
            delete: (key) => steer('delete', () => entries.delete(key)),
            async claim (key, seen) {
              const claim = await steer('claim', () => entries.claim(key, seen))
              if (claim.kind !== 'granted') return claim
              const { lease } = claim
              return { ...claim, lease: { ...lease, store: (frame, ttl) => steer('set', () => lease.store(frame, ttl)) } }
            }
          },
          validity: {
            stamp: () => steer('stamp', () => validity.stamp()),
            callStamp: () => steer('callStamp', () => validity.callStamp()),
            invalidate: (tags, consistency) => steer('invalidate', () => validity.invalidate(tags, consistency)),
            replace: (entry, until) => steer('replace', () => validity.replace(entry, until)),
            clear: (consistency) => steer('clear', () => validity.clear(consistency)),
            waitForLeases: () => steer('waitForLeases', () => validity.waitForLeases()),
            isValid: (entry) => judgesLocally ? validity.isValid(entry) : steer('isValid', () => validity.isValid(entry))
          }
        }
      },
      close: () => inner.close()
    }
  }
  return steered
}
