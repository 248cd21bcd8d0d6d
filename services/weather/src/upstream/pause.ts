import { type Cache } from '@weir/cache'

// However long an upstream says: it may not know what it says.
const LONGEST = 60 * 60_000

/**
 * The time until which an upstream wants to be left alone, known to all instances as soon as one
 * was told.
 */
export class Pause {
  // Also while the store is gone.
  #until = 0

  /**
   * @param cache of times, in ms since the epoch
   * @param report is told when the others could not be
   */
  constructor (
    readonly cache: Cache<number>,
    readonly key: string,
    readonly report: (error: unknown) => void
  ) {}

  /** Milliseconds it is still to be left alone for. */
  async left (): Promise<number> {
    const until = Math.max(this.#until, (await this.cache.get(this.key)) ?? 0)
    return Math.max(0, Math.min(until - Date.now(), LONGEST))
  }

  /** Resolves when every instance knows. */
  async begin (ms: number): Promise<void> {
    const bounded = Math.min(Math.max(ms, 1000), LONGEST)
    this.#until = Date.now() + bounded
    try {
      await this.cache.set(this.key, this.#until, { ttl: bounded })
    } catch (error) {
      this.report(error)
    }
  }
}
