/** Something that has to be renewed for as long as it lasts. */
export interface Renewable {
  renew (): void
}

/**
 * Renews at an interval, by one timer for all: most leases end long before they are due, and a
 * timer of its own would cost each of them more than all else. Without any there is no timer.
 */
export class Renewals {
  /** Whether each has been here for at least one interval. */
  readonly #isDue = new Map<Renewable, boolean>()
  #timer: NodeJS.Timeout | undefined

  /** @param interval milliseconds; the first renewal comes after one to two of them */
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
