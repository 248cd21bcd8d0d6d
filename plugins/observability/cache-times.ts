import type { Registry } from 'prom-client'
import { type LabelledSeries, LatencyHistogram } from './latency-histogram.js'

interface Times {
  readonly labels: Readonly<Record<string, string>>
  readonly latency: number[]
  count: number
  latencySumMicros: number
}

/** Description of a histogram with the labels `service`, `cache` and one more. */
export interface CacheTimesOptions {
  readonly name: string
  readonly help: string
  readonly label: string
  /** Bounds of the buckets, in seconds. */
  readonly bounds: readonly number[]
}

/**
 * A histogram of what caches do. Adding to it costs two look-ups, because it happens for each read
 * of the store; `observe` of prom-client sorts and joins the labels each time.
 */
export class CacheTimes {
  readonly #series = new Map<string, Map<string, Times>>()
  readonly #options: CacheTimesOptions
  readonly #service: string

  constructor (registry: Registry, service: string, options: CacheTimesOptions) {
    this.#options = options
    this.#service = service
    const { name, help, label, bounds } = options
    const labelNames = ['service', 'cache', label]
    // eslint-disable-next-line no-new -- it registers itself
    new LatencyHistogram(
      { name, help, labelNames, registers: [registry] }, () => this.#all(), bounds
    )
  }

  /** @param value of the label */
  add (cache: string, value: string, micros: number): void {
    const times = this.#series.get(cache)?.get(value) ?? this.#begin(cache, value)
    const { bounds } = this.#options
    const seconds = micros / 1e6
    let i = 0
    while (i < bounds.length && seconds > (bounds[i] ?? Infinity)) i++
    times.latency[i] = (times.latency[i] ?? 0) + 1
    times.count++
    times.latencySumMicros += micros
  }

  #begin (cache: string, value: string): Times {
    const times: Times = {
      labels: { service: this.#service, cache, [this.#options.label]: value },
      latency: [],
      count: 0,
      latencySumMicros: 0
    }
    const ofCache = this.#series.get(cache) ?? new Map<string, Times>()
    this.#series.set(cache, ofCache.set(value, times))
    return times
  }

  #all (): LabelledSeries[] {
    return [...this.#series.values()].flatMap((ofCache) =>
      Array.from(ofCache.values(), ({ labels, ...series }) => ({ labels, series, exemplars: [] })))
  }
}
