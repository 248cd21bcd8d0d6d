import { type Store } from '@weir/cache'
import { memoryStore } from '@weir/cache/memory'

/** A memory store with an operation that can be made to fail. */
export interface FailingStore {
  readonly store: Store
  readonly fail: () => void
  readonly mend: () => void
  /** Lets `count` calls succeed first. */
  readonly failAfter: (count: number) => void
}

export function failingStore (operation: 'replace' | 'stamp' | 'invalidate'): FailingStore {
  const inner = memoryStore()
  let remaining = Infinity
  const check = async (name: typeof operation): Promise<void> => {
    if (name === operation && remaining-- <= 0) throw new Error(`${name} fails`)
  }
  return {
    fail () { remaining = 0 },
    mend () { remaining = Infinity },
    failAfter (count) { remaining = count },
    store: {
      close: () => inner.close(),
      namespace (name) {
        const { entries, validity } = inner.namespace(name)
        return {
          entries,
          validity: {
            stamp: async () => check('stamp').then(() => validity.stamp()),
            callStamp: () => validity.callStamp(),
            invalidate: async (tags, consistency) =>
              check('invalidate').then(() => validity.invalidate(tags, consistency)),
            replace: async (entry, until) =>
              check('replace').then(() => validity.replace(entry, until)),
            stampIfValid: (entry) => validity.stampIfValid(entry),
            replaced: (key, stamp, until) => validity.replaced(key, stamp, until),
            clear: (consistency) => validity.clear(consistency),
            isValid: (entry) => validity.isValid(entry),
            waitForLeases: () => validity.waitForLeases()
          }
        }
      }
    }
  }
}
