import { OutboxError } from './errors.js'

/** Runs a task immediately and then repeatedly, one run at a time. */
export class Polling {
  /** Resolves to the milliseconds from its end to the next start. Never rejects. */
  readonly #work: () => Promise<number>
  #first: Promise<void> | undefined
  #running: Promise<void> | undefined
  #isStopped = false
  #wake: (() => void) | undefined
  #isDue = false

  constructor (work: () => Promise<number>) {
    this.#work = work
  }

  get isStopped (): boolean {
    return this.#isStopped
  }

  /**
   * Resolves when the first run is done.
   * @throws OutboxError WEIR_OUTBOX_STOPPED
   */
  start (): Promise<void> {
    if (this.#isStopped) throw new OutboxError('WEIR_OUTBOX_STOPPED', 'start()')
    if (this.#first === undefined) {
      const first = this.#work()
      this.#first = first.then(() => {})
      this.#running = first.then((pause) => this.#run(pause))
    }
    return this.#first
  }

  /** Runs the task again without a pause. */
  runSoon (): void {
    this.#isDue = true
    this.#wake?.()
  }

  /** Stops permanently. Resolves when a run in progress has ended. */
  async stop (): Promise<void> {
    this.#isStopped = true
    this.#wake?.()
    await this.#running
  }

  async #run (pause: number): Promise<void> {
    for (let next = pause; !this.#isStopped;) {
      if (!this.#isDue) await this.#pause(next)
      this.#isDue = false
      if (!this.#isStopped) next = await this.#work()
    }
  }

  async #pause (ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
