import { parseDuration, type Duration } from '../duration.js'
import type { Store } from '../store.js'
import {
  type AroundCall,
  aroundEntries,
  aroundValidity,
  type StoreCall,
  type StoreOperation
} from '../store-calls.js'
import { memoryStore } from '../stores/memory.js'
import type { Validity } from '../validity.js'
import { withResolvers } from '../with-resolvers.js'

type Hooks = Partial<Record<StoreOperation, () => void | Promise<void>>>

/** Options of {@link testStore}. */
export interface TestStoreOptions {
  /**
   * Whether values in memory are checked without a store call, as with a memory or SQLite store, or
   * Redis within the lease.
   *
   * `false`: each read calls the store, and fails while the store does. Default true.
   */
  readonly judgesLocally?: boolean
}

/** An in-memory store that the test controls. */
export interface TestStore extends Store {
  /** The calls so far, oldest first. Reset it with `calls.length = 0`. */
  readonly calls: StoreCall[]
  /**
   * Makes every call reject from now on, without doing anything.
   * @example testing.fail(new Error('ECONNREFUSED'))
   */
  fail (error?: Error): void
  /**
   * Delays every call from now on.
   * @example testing.delay('20ms')
   */
  delay (duration: Duration): void
  /**
   * Holds back every call from now on. The calls are made when the store is restored.
   * @example testing.freeze()
   */
  freeze (): void
  /**
   * Undoes `fail`, `delay`, `freeze` and the hooks.
   * @example testing.restore()
   */
  restore (): void
  /**
   * Runs before calls of the operation. The call fails with its error and waits for its promise.
   */
  before: Hooks
  /** Runs between the operation and its answer. */
  after: Hooks
}

/**
 * An in-memory store that can be slowed down, fail and freeze, and records its calls.
 * @example
 * const store = testStore()
 * const cache = createCache({ store, namespace: 'products' })
 * store.fail()
 * assert.equal(await cache.remember('42', { ttl: '1m' }, () => 'computed'), 'computed')
 * store.restore()
 */
export function testStore ({ judgesLocally = true }: TestStoreOptions = {}): TestStore {
  const inner = memoryStore()
  let failure: Error | undefined
  let pause = 0
  let frozen: ReturnType<typeof withResolvers<void>> | undefined

  const around = (namespace: string): AroundCall => async (run, operation, names) => {
    store.calls.push({ namespace, operation, ...names })
    await frozen?.promise
    if (pause > 0) await new Promise((resolve) => { setTimeout(resolve, pause) })
    if (failure !== undefined) throw failure
    await store.before[operation]?.()
    const answer = await run()
    await store.after[operation]?.()
    return answer
  }
  const store: TestStore = {
    calls: [],
    before: {},
    after: {},
    fail (error = new Error('the test store fails')) { failure = error },
    delay (duration) { pause = parseDuration(duration, 'delay') },
    freeze () { frozen ??= withResolvers() },
    restore () {
      failure = undefined
      pause = 0
      store.before = {}
      store.after = {}
      frozen?.resolve()
      frozen = undefined
    },
    namespace (name) {
      const { entries, validity } = inner.namespace(name)
      const call = around(name)
      const asking: Pick<Validity, 'isValid'> = {
        isValid: (entry) =>
          call(async () => validity.isValid(entry), 'isValid', { keys: [entry.key] })
      }
      return {
        entries: aroundEntries(entries, call),
        validity: { ...aroundValidity(validity, call), ...(!judgesLocally && asking) }
      }
    },
    close: () => inner.close()
  }
  return store
}
