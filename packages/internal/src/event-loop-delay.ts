import { createHistogram, performance } from 'node:perf_hooks'

// Milliseconds between samples while the event loop is busy, and while it is quiet.
const BUSY_EVERY = 10
const QUIET_EVERY = 1000
// The loop is quiet while it works for at most this many ms per second: delays are then shorter
// than that.
const QUIET_BELOW = 20
// One hour, in the histogram's unit.
const HIGHEST = 3_600_000_000

/**
 * Measures how late the event loop runs, in ms, since the last `reset`.
 *
 * All instances in a process share one timer. It fires 100 times a second while the loop is busy,
 * and once a second while it is quiet: `monitorEventLoopDelay` wakes an idle process 100 times a
 * second, which is most of what such a process costs. Node itself measures how busy the loop is.
 * Work that ends a quiet second is measured from the next second on, or if it delays the timer.
 * @example
 * const delay = new EventLoopDelay()
 * delay.percentile(99) // 0.4
 * delay.reset()
 * delay.close()
 */
export class EventLoopDelay {
  // Microseconds, from 1.
  readonly #histogram = createHistogram({ lowest: 1, highest: HIGHEST, figures: 3 })

  constructor () {
    sampler.add(this)
  }

  get min (): number { return this.#told(this.#histogram.min) }

  get max (): number { return this.#told(this.#histogram.max) }

  get mean (): number { return this.#told(this.#histogram.mean) }

  get stddev (): number { return this.#told(this.#histogram.stddev) }

  percentile (percentile: number): number {
    return this.#told(this.#histogram.percentile(percentile))
  }

  reset (): void {
    this.#histogram.reset()
  }

  close (): void {
    sampler.delete(this)
  }

  /** Called by the timer. */
  record (ms: number): void {
    this.#histogram.record(Math.min(HIGHEST, Math.max(1, Math.round(ms * 1000))))
  }

  /** An empty histogram returns NaN, or values that are impossible. */
  #told (micros: number): number {
    return this.#histogram.count === 0 ? 0 : micros / 1000
  }
}

class Sampler {
  readonly #all = new Set<EventLoopDelay>()
  #timer: NodeJS.Timeout | undefined
  #every = BUSY_EVERY
  #sampledAt = 0
  #lookedAt = 0
  #utilization = performance.eventLoopUtilization()

  add (delay: EventLoopDelay): void {
    this.#all.add(delay)
    if (this.#timer !== undefined) return
    this.#every = BUSY_EVERY
    this.#sampledAt = performance.now()
    this.#look()
    this.#sampleLater()
  }

  delete (delay: EventLoopDelay): void {
    this.#all.delete(delay)
    if (this.#all.size > 0) return
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #sampleLater (): void {
    this.#timer = setTimeout(() => { this.#sample() }, this.#every).unref()
  }

  #sample (): void {
    const now = performance.now()
    const late = Math.max(0, now - this.#sampledAt - this.#every)
    this.#sampledAt = now
    for (const delay of this.#all) {
      delay.record(late)
      // A rare sample counts as all those it represents, so that figures are comparable in both
      // modes.
      for (let i = BUSY_EVERY; i < this.#every; i += BUSY_EVERY) delay.record(0)
    }
    if (now - this.#lookedAt >= QUIET_EVERY) {
      this.#every = this.#look() > QUIET_BELOW ? BUSY_EVERY : QUIET_EVERY
    }
    this.#sampleLater()
  }

  /** Milliseconds per second that the loop has worked since the last call. */
  #look (): number {
    const before = this.#utilization
    this.#lookedAt = performance.now()
    this.#utilization = performance.eventLoopUtilization()
    return performance.eventLoopUtilization(this.#utilization, before).utilization * 1000
  }
}

const sampler = new Sampler()
