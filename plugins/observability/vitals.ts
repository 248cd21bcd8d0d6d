import { EventLoopDelay } from '@weir/internal'
import type { Vitals } from '@weir/metrics'
import type { Breakers } from './breakers.js'
import type { Invalidations } from './invalidations.js'
import type { RouteConfigs } from './route-configs.js'

/** Health figures of this process since the last reading. */
export class ProcessVitals {
  readonly #delay = new EventLoopDelay()

  constructor (
    readonly memory: () => Vitals['l1'],
    readonly invalidations: Invalidations,
    readonly breakers: Breakers,
    readonly routeConfigs: RouteConfigs
  ) {}

  read (): Vitals {
    const { rss, heapUsed } = process.memoryUsage()
    const eventLoopDelayMs = this.#delay.percentile(99)
    this.#delay.reset()
    const [breakers, routes] = [this.breakers.list(), this.routeConfigs.list()]
    return {
      rssBytes: rss,
      heapBytes: heapUsed,
      eventLoopDelayMs,
      l1: this.memory(),
      invalidations: this.invalidations.list(),
      ...(breakers.length > 0 && { breakers }),
      ...(routes.length > 0 && { routes })
    }
  }

  close (): void {
    this.#delay.close()
  }
}
