import { CacheError } from '../../errors.js'

/**
 * Keeps a store that does not answer from costing more than one timeout per cool-down: after a failure everything
 * is refused at once, until one call, as a probe, has come back. What the store itself refuses is an answer, not a failure.
 */
export class Breaker {
  /** On the monotonic clock; undefined while closed. */
  #openUntil: number | undefined
  #probing = false

  /** @param coolDown milliseconds between a failure and the next probe */
  constructor (readonly coolDown: number, readonly isAnswer: (error: unknown) => boolean) {}

  /** @throws CacheError WEIR_CACHE_STORE_UNAVAILABLE without asking; what `ask` fails with */
  async run<R> (ask: () => Promise<R>): Promise<R> {
    if (this.#openUntil !== undefined) {
      if (this.#probing || performance.now() < this.#openUntil) throw new CacheError('WEIR_CACHE_STORE_UNAVAILABLE', 'The store')
      this.#probing = true
    }
    try {
      const answer = await ask()
      this.#close()
      return answer
    } catch (error) {
      if (this.isAnswer(error)) this.#close()
      else this.#open()
      throw error
    }
  }

  #close (): void {
    this.#openUntil = undefined
    this.#probing = false
  }

  #open (): void {
    this.#openUntil = performance.now() + this.coolDown
    this.#probing = false
  }
}
