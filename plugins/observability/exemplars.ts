import { LATENCY_BOUNDS_MS, type Outcome, type RouteCounter } from '@weir/metrics'

/** A request that stands for those of a bucket: its duration, and the trace that explains it. */
export interface LatencyExemplar {
  readonly labelSet: { readonly trace_id: string }
  /** Seconds. */
  readonly value: number
  /** Seconds since the epoch. */
  readonly timestamp: number
}

type Series = Partial<Record<Outcome, (LatencyExemplar | undefined)[]>>

/** The last traced request of each bucket of the latency histograms. */
export class Exemplars {
  readonly #routes = new WeakMap<RouteCounter, Series>()

  add (counter: RouteCounter, outcome: Outcome, ms: number, traceId: string): void {
    let series = this.#routes.get(counter)
    if (series === undefined) this.#routes.set(counter, series = {})
    const bucket = LATENCY_BOUNDS_MS.findIndex((bound) => ms <= bound)
    const buckets = (series[outcome] ??= [])
    buckets[bucket === -1 ? LATENCY_BOUNDS_MS.length : bucket] = {
      labelSet: { trace_id: traceId },
      value: ms / 1000,
      timestamp: Date.now() / 1000
    }
  }

  /** Returns the exemplars of a series by bucket. */
  of (counter: RouteCounter, outcome: Outcome): readonly (LatencyExemplar | undefined)[] {
    return this.#routes.get(counter)?.[outcome] ?? []
  }
}
