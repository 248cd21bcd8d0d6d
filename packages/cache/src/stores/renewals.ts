/** An object that has to be renewed for as long as it exists. */
export interface Renewable {
  renew (): void
}

/**
 * Renews objects at an interval, with one timer for all.
 *
 * Most leases end long before they are due, and a timer for each would cost more than everything
 * else. The timer runs only while there are any.
 */
export class Renewals {
  /** Whether each has been registered for at least one interval. */
  readonly #isDue = new Map<Renewable, boolean>()
  #timer: NodeJS.Timeout | undefined

  /** @param interval milliseconds; the first renewal happens after one to two intervals */
  constructor (readonly interval: number) {}

  add (lease: Renewable): void {
    this.#isDue.set(lease, false)
    this.#timer ??= setInterval(() => { this.#renew() }, this.interval).unref()
  }

  delete (lease: Renewable): void {
    this.#isDue.delete(lease)
  }

  #renew (): void {
    if (this.#isDue.size === 0) {
      clearInterval(this.#timer)
      this.#timer = undefined
    }
    for (const [lease, isDue] of this.#isDue) {
      if (isDue) lease.renew()
      else this.#isDue.set(lease, true)
    }
  }
}
