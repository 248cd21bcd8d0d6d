import { type Cache, createCache, Fill, type Store } from '@weir/cache'
import { memoryStore } from '@weir/cache/memory'
import { LabWorker } from './lab-worker.js'
import { type Way, type Work } from './load.js'

/** Lifetime of all results, long enough for a visitor to explore. */
export const KEPT_FOR = '5m'

/** Stored result. */
interface Computation {
  readonly value: string
  /** Instance that computed it. */
  readonly computedBy: string
  /** Number of the computation on that instance, from 1. */
  readonly computation: number
  /** Milliseconds that computing it took. */
  readonly computeMs: number
}

/** Origin of a result. `coalesced`: computed for another request, for which this one waited. */
export type Origin = 'computed' | 'coalesced' | 'memory' | 'store'

/** Result of one run. */
export interface Outcome extends Computation {
  readonly origin: Origin
}

interface LabOptions {
  /** Store shared by all instances. */
  readonly store: Store
  /** Name of this instance. */
  readonly instance: string
}

/** Expensive computation, with the caches of its results. */
export class Lab {
  readonly #worker = new LabWorker()
  readonly #memory = memoryStore()
  readonly #memoized: Cache<Computation>
  readonly #stored: Cache<Computation>
  readonly #instance: string
  #computations = 0

  constructor ({ store, instance }: LabOptions) {
    this.#instance = instance
    const memory = this.#memory
    this.#memoized = createCache<Computation>({ store: memory, namespace: 'lab', name: instance })
    // Disables memory: each read is a round trip to the store, which this way demonstrates.
    const namespace = 'storefront-lab'
    this.#stored = createCache<Computation>({ store, namespace, name: instance, l1: false })
  }

  /**
   * Returns a result by a way. `cached` computes: its caching is done by the response cache in
   * front of the route.
   * @throws STOREFRONT_ERR_LAB_BUSY, STOREFRONT_ERR_LAB_FAILED
   */
  async run (way: Way, work: Work): Promise<Outcome> {
    if (way === 'memoized') return this.#kept(this.#memoized, 'memory', work)
    if (way === 'stored') return this.#kept(this.#stored, 'store', work)
    return { origin: 'computed', ...await this.#compute(work) }
  }

  /**
   * Forgets the results in this process and in the shared store. Other processes keep their
   * memoized results.
   * @throws CacheError WEIR_CACHE_STORE_FAILED
   */
  async forget (): Promise<void> {
    await this.#stored.clear()
    await this.#memoized.clear()
  }

  async close (): Promise<void> {
    await Promise.all([this.#worker.close(), this.#memory.close()])
  }

  /** Like `cache.remember`, with the origin of the value. */
  async #kept (cache: Cache<Computation>, where: Origin, work: Work): Promise<Outcome> {
    const got = await cache.acquire(work)
    if (!(got instanceof Fill)) {
      return { origin: got.source === 'coalesced' ? 'coalesced' : where, ...got.entry.value }
    }
    try {
      const computed = await got.run(() => this.#compute(work))
      await got.commit(computed, () => ({ ttl: KEPT_FOR }))
      return { origin: 'computed', ...computed }
    } catch (error) {
      got.fail(error)
      throw error
    }
  }

  async #compute (work: Work): Promise<Computation> {
    const { value, ms } = await this.#worker.run(work)
    return { value, computedBy: this.#instance, computation: ++this.#computations, computeMs: ms }
  }
}
