import type { Store } from '../src/index.js'
import { testStore, type StoreOperation, type TestStore } from '../src/testing/index.js'

/** A memory store that the test controls, operation by operation. */
export interface SteeredStore extends Pick<TestStore, 'before' | 'after'> {
  readonly store: Store
  /** The operations so far. */
  readonly asked: StoreOperation[]
}

/** A {@link testStore} that records calls by name. */
export function steeredStore (options: { judgesLocally?: boolean } = {}): SteeredStore {
  const store = testStore(options)
  const asked: StoreOperation[] = []
  store.calls.push = (...calls) => asked.push(...calls.map(({ operation }) => operation))
  return Object.assign(store, { store, asked })
}
