import { EventLoopDelay } from '@weir/internal'
import type { Vitals } from '@weir/metrics'
import type { Invalidations } from './invalidations.js'

/** How this process is, since it was asked before. */
export class ProcessVitals {
  readonly #delay = new EventLoopDelay()

  constructor (readonly memory: () => Vitals['l1'], readonly invalidations: Invalidations) {}

  read (): Vitals {
    const { rss, heapUsed } = process.memoryUsage()
    const eventLoopDelayMs = this.#delay.percentile(99)
    this.#delay.reset()
    return {
      rssBytes: rss,
      heapBytes: heapUsed,
      eventLoopDelayMs,
      l1: this.memory(),
      invalidations: this.invalidations.list()
    }
  }

  close (): void {
    this.#delay.close()
  }
}
