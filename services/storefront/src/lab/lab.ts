import { type Cache, createCache, Fill, type Store } from '@weir/cache'
import { memoryStore } from '@weir/cache/memory'
import { LabWorker } from './lab-worker.js'
import { type Way, type Work } from './load.js'

/** Lifetime of a result, wherever it is kept: long enough to look around. */
export const KEPT_FOR = '5m'

/** A result, as it is kept. */
interface Computation {
  readonly value: string
  /** The instance that computed it. */
  readonly computedBy: string
  /** The number of the computation on that instance, from 1. */
  readonly computation: number
  /** Milliseconds that computing it took. */
  readonly computeMs: number
}

/** Origin of a result. `coalesced`: computed for another request, which this one waited for. */
export type Origin = 'computed' | 'coalesced' | 'memory' | 'store'

/** The result of one run. */
export interface Outcome extends Computation {
  readonly origin: Origin
}

interface LabOptions {
  /** The store that all instances share. */
  readonly store: Store
  /** The name of this instance. */
  readonly instance: string
}

/** An expensive computation, and the caches of its results. */
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
    // No memory before it: each read is a round trip to the store, which is what this way shows.
    const namespace = 'storefront-lab'
    this.#stored = createCache<Computation>({ store, namespace, name: instance, l1: false })
  }

  /**
   * Has a result by a way. `cached` computes: what keeps it is the response cache before its route.
   * @throws STOREFRONT_ERR_LAB_BUSY, STOREFRONT_ERR_LAB_FAILED
   */
  async run (way: Way, work: Work): Promise<Outcome> {
    if (way === 'memoized') return this.#kept(this.#memoized, 'memory', work)
    if (way === 'stored') return this.#kept(this.#stored, 'store', work)
    return { origin: 'computed', ...await this.#compute(work) }
  }

  /**
   * Forgets the results in this process and in the shared store. Other processes keep what they
   * have memoized.
   * @throws CacheError WEIR_CACHE_STORE_FAILED
   */
  async forget (): Promise<void> {
    await this.#stored.clear()
    await this.#memoized.clear()
  }

  async close (): Promise<void> {
    await Promise.all([this.#worker.close(), this.#memory.close()])
  }

  /** Does what `cache.remember` does, and tells the origin of the value. */
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
