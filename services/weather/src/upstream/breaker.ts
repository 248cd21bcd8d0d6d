import { channel } from 'node:diagnostics_channel'

/** Read by `@weir/fastify/observability`, which tells the console. */
const changes = channel('weir:breaker:change')

/** Why nothing was tried: too much has failed just before. The cause is the last failure. */
export class BreakerOpen extends Error {
  constructor (readonly retryAfterMs: number, cause: unknown) {
    super('the circuit is open', { cause })
  }
}

export interface BreakerOptions {
  /** Name of what it protects calls to, for those who watch. */
  readonly name: string
  /** After so many failures in a row … */
  readonly failures: number
  /** … nothing is tried for so many ms. */
  readonly coolDown: number
  /** Whether an error tells of a failure; others say nothing either way. */
  readonly isFailure: (error: unknown) => boolean
}

/**
 * Stops trying what keeps failing. After the cool-down one try decides for all who come meanwhile,
 * and who wait for it.
 */
export class Breaker {
  #failures = 0
  #openUntil = 0
  #last: unknown
  #probe: Promise<void> | undefined

  constructor (readonly options: BreakerOptions) {}

  /** Whether the last tries have failed, so many that the next one probably will. */
  get isTripped (): boolean {
    return this.#failures >= this.options.failures
  }

  /** @throws BreakerOpen, and what the task throws */
  async run<R> (task: () => Promise<R>): Promise<R> {
    while (this.isTripped) {
      // A wall clock that was set back must not keep it open for longer.
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
    if (isOpen !== wasTripped) changes.publish({ name: this.options.name, isOpen })
  }
}
