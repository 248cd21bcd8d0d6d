import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Vitals } from '@weir/metrics'
import type { Invalidations } from './invalidations.js'

// Milliseconds between two looks at the event loop. They are part of what is measured.
const RESOLUTION = 10

/** How this process is, since it was asked before. */
export class ProcessVitals {
  readonly #delay = monitorEventLoopDelay({ resolution: RESOLUTION })

  constructor (readonly memory: () => Vitals['l1'], readonly invalidations: Invalidations) {
    this.#delay.enable()
  }

  read (): Vitals {
    const { rss, heapUsed } = process.memoryUsage()
    const delay = this.#delay.percentile(99) / 1e6 - RESOLUTION
    this.#delay.reset()
    return {
      rssBytes: rss,
      heapBytes: heapUsed,
      eventLoopDelayMs: Math.max(0, delay),
      l1: this.memory(),
      invalidations: this.invalidations.list()
    }
  }

  close (): void {
    this.#delay.disable()
  }
}
