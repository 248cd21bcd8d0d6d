import { breakerChanged } from '@weir/internal'

/**
 * Error for a call that was not attempted after too many failures. The cause is the last failure.
 */
export class BreakerOpen extends Error {
  constructor (readonly retryAfterMs: number, cause: unknown) {
    super('the circuit is open', { cause })
  }
}

export interface BreakerOptions {
  /** Name of the protected upstream, for observers. */
  readonly name: string
  /** Number of consecutive failures … */
  readonly failures: number
  /** … after which calls are not attempted for this many ms. */
  readonly coolDown: number
  /** Returns whether an error is a failure; others count neither way. */
  readonly isFailure: (error: unknown) => boolean
}

/**
 * Stops calling a failing upstream. After the cool-down a single attempt decides for all callers
 * that wait for it meanwhile.
 */
export class Breaker {
  #failures = 0
  #openUntil = 0
  #last: unknown
  #probe: Promise<void> | undefined

  constructor (readonly options: BreakerOptions) {}

  /** True if so many attempts have failed that the next one probably will. */
  get isTripped (): boolean {
    return this.#failures >= this.options.failures
  }

  /** @throws BreakerOpen, and errors of the task */
  async run<R> (task: () => Promise<R>): Promise<R> {
    while (this.isTripped) {
      // A wall clock that was set back must not prolong the cool-down.
      const left = Math.min(this.#openUntil - Date.now(), this.options.coolDown)
      if (left > 0) throw new BreakerOpen(left, this.#last)
      if (this.#probe === undefined) return this.#try(task, true)
      await this.#probe
    }
    return this.#try(task, false)
  }

  async #try<R> (task: () => Promise<R>, isProbe: boolean): Promise<R> {
    const running = task()
    const judged = running.then(() => { this.#count(0) }, (error: unknown) => {
      if (!this.options.isFailure(error)) return
      this.#count(this.#failures + 1)
      this.#last = error
      if (this.isTripped) this.#openUntil = Date.now() + this.options.coolDown
    })
    if (isProbe) this.#probe = judged.finally(() => { this.#probe = undefined })
    await judged
    return running
  }

  #count (failures: number): void {
    const wasTripped = this.isTripped
    this.#failures = failures
    const isOpen = this.isTripped
    if (isOpen !== wasTripped) breakerChanged({ name: this.options.name, isOpen })
  }
}
