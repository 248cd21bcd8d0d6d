import { type Cache } from '@weir/cache'

// Upper limit, because an upstream's value may be a mistake.
const LONGEST = 60 * 60_000

/** Time until which an upstream must not be called, shared by all instances. */
export class Pause {
  // Also applies while the store is unavailable.
  #until = 0

  /**
   * @param cache stores times, in ms since the epoch
   * @param report receives the error if other instances could not be informed
   */
  constructor (
    readonly cache: Cache<number>,
    readonly key: string,
    readonly report: (error: unknown) => void
  ) {}

  /** Returns the remaining milliseconds. */
  async left (): Promise<number> {
    const until = Math.max(this.#until, (await this.cache.get(this.key)) ?? 0)
    return Math.max(0, Math.min(until - Date.now(), LONGEST))
  }

  /** Starts a pause; resolves when every instance knows it. */
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
