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
   * Whether values in memory are judged without asking, as of a memory or SQLite store, or of Redis
   * within the lease. Default true; `false`: each read asks, and fails while the store does.
   */
  readonly judgesLocally?: boolean
}

/** A store in memory that does what the test says. */
export interface TestStore extends Store {
  /** The calls so far, the oldest first. To begin anew: `calls.length = 0`. */
  readonly calls: StoreCall[]
  /**
   * Makes every call reject from now on, without doing anything.
   * @example testing.fail(new Error('ECONNREFUSED'))
   */
  fail (error?: Error): void
  /**
   * Makes every call take as much longer from now on.
   * @example testing.delay('20ms')
   */
  delay (duration: Duration): void
  /**
   * Holds back every call from now on: those that wait are made when the store is restored.
   * @example testing.freeze()
   */
  freeze (): void
  /**
   * Ends what `fail`, `delay`, `freeze` and the hooks say.
   * @example testing.restore()
   */
  restore (): void
  /**
   * Runs before calls of the operation: what it throws the store throws, and what it waits for the
   * store waits for.
   */
  before: Hooks
  /** Runs between the work of the operation and its answer. */
  after: Hooks
}

/**
 * A store in memory that can be made slow, fail and freeze, and tells what it was asked.
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
