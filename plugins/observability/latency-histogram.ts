import { LATENCY_BOUNDS_MS, type Series } from '@weir/metrics'
import { Histogram, type HistogramConfiguration } from 'prom-client'
import type { LatencyExemplar } from './exemplars.js'

const BOUNDS = LATENCY_BOUNDS_MS.map((ms) => ms / 1000)

export interface LabelledSeries {
  readonly labels: Readonly<Record<string, string>>
  readonly series: Pick<Series, 'count' | 'latency' | 'latencySumMicros'>
  /** A traced request of each bucket, where there is one. */
  readonly exemplars: readonly (LatencyExemplar | undefined)[]
}

/** Histogram in seconds over existing bucket counts: nothing is observed twice. */
export class LatencyHistogram extends Histogram {
  readonly #all: () => Iterable<LabelledSeries>
  readonly #about: { readonly name: string, readonly help: string }
  readonly #bounds: readonly number[]

  /** @param bounds of the buckets, in seconds. Default: those of requests */
  constructor (
    configuration: HistogramConfiguration<string>,
    all: () => Iterable<LabelledSeries>,
    bounds: readonly number[] = BOUNDS
  ) {
    super({ ...configuration, buckets: [...bounds] })
    this.#all = all
    this.#about = configuration
    this.#bounds = bounds
  }

  /** Called by the registry. `sharedLabels` are the labels of all lines of a series. */
  async getForPromString () {
    const { name, help } = this.#about
    const bounds = this.#bounds
    const values = Array.from(this.#all(), ({ labels: sharedLabels, series, exemplars }) => {
      let below = 0
      const buckets = bounds.map((le, i) => {
        below += series.latency[i] ?? 0
        return {
          metricName: `${name}_bucket`,
          labels: { le },
          sharedLabels,
          value: below,
          exemplar: exemplars[i]
        }
      })
      return [
        ...buckets,
        {
          metricName: `${name}_bucket`,
          labels: { le: '+Inf' },
          sharedLabels,
          value: series.count,
          exemplar: exemplars[bounds.length]
        },
        {
          metricName: `${name}_sum`,
          labels: {},
          sharedLabels,
          value: series.latencySumMicros / 1e6
        },
        { metricName: `${name}_count`, labels: {}, sharedLabels, value: series.count }
      ]
    })
    return { name, help, type: 'histogram', values: values.flat(), aggregator: 'sum' }
  }
}
