import { LimiterError } from './errors.js'

/**
 * Keeps a store that does not answer from costing more than one timeout per cool-down: after a failure everything is
 * refused at once, until one call, as a probe, has come back.
 */
export class Breaker {
  /** On the monotonic clock; undefined while closed. */
  #openUntil: number | undefined
  #probing = false

  /** @param coolDown milliseconds between a failure and the next probe */
  constructor (readonly coolDown: number) {}

  /** @throws LimiterError WEIR_LIMITER_STORE_UNAVAILABLE without asking; what `ask` fails with */
  async run<R> (ask: () => Promise<R>): Promise<R> {
    if (this.#openUntil !== undefined) {
      if (this.#probing || performance.now() < this.#openUntil) throw new LimiterError('WEIR_LIMITER_STORE_UNAVAILABLE', 'The store')
      this.#probing = true
    }
    try {
      const answer = await ask()
      this.#openUntil = undefined
      return answer
    } catch (error) {
      this.#openUntil = performance.now() + this.coolDown
      throw error
    } finally {
      this.#probing = false
    }
  }
}
