/**
 * Keeps a store that does not answer from costing more than one timeout per cool-down: after a failure everything is refused at once,
 * but for one call a cool-down, as a probe, until one has been answered.
 */
export class Breaker {
  /** On the monotonic clock; undefined while closed. */
  #openUntil: number | undefined

  /** @param coolDown milliseconds between a failure and the next probe */
  constructor (readonly coolDown: number) {}

  /**
   * Whether the store is to be left alone. Who is not told so asks it, and then says how it went; if there is never an answer, the next
   * one is a probe after another cool-down.
   */
  isOpen (): boolean {
    if (this.#openUntil === undefined) return false
    if (performance.now() < this.#openUntil) return true
    this.open()
    return false
  }

  /** The store has answered. */
  close (): void {
    this.#openUntil = undefined
  }

  /** The store has failed. */
  open (): void {
    this.#openUntil = performance.now() + this.coolDown
  }
}
