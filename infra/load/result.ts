import { type Outcome } from './outcome.js'
import { type Comparison } from './shop/comparison.js'
import { type ProcessSample } from './soak/processes.js'
import { type StoreSample } from './soak/store.js'

/** Latency of responses, in ms. */
export interface Latency {
  readonly mean: number
  readonly p50: number
  readonly p90: number
  readonly p95: number
  readonly p99: number
  readonly max: number
}

/** An interval of the measurement. */
export interface Moment {
  /** Start of the interval, in seconds since the first request. */
  readonly at: number
  /** Duration; the last interval may be half as long again as the others, or half as long. */
  readonly seconds: number
  readonly outcomes: Readonly<Partial<Record<Outcome, number>>>
  readonly failed: number
  readonly hitRatio: number | null
}

/** Outcomes of a number of requests. */
export interface Figures {
  readonly seconds: number
  /** answered + failed + cutOff */
  readonly sent: number
  readonly answered: number
  /** Requests without a response: refused, broken off, timed out. */
  readonly failed: number
  /** Requests in flight when time was up. */
  readonly cutOff: number
  /** Responses per second. */
  readonly perSecond: number
  /**
   * Hits as a share of the responses for which the cache was asked, 304s included; null where it
   * was never asked.
   */
  readonly hitRatio: number | null
  /**
   * Number of responses for which the cache was asked: the others bypassed it, were writes, were
   * refused or are not cached.
   */
  readonly asked: number
  /** Latency of all responses; null if there were none. */
  readonly latency: Latency | null
  /** The outcomes that occurred. `share`: of the responses. */
  readonly outcomes: readonly {
    readonly outcome: Outcome
    readonly count: number
    readonly share: number
    readonly latency: Latency
  }[]
  /**
   * Instances by their name in Cache-Status; responses without one, such as 429, count for none.
   */
  readonly instances: readonly {
    readonly name: string
    readonly count: number
    readonly share: number
    readonly outcomes: Readonly<Partial<Record<Outcome, number>>>
  }[]
  readonly statuses: Readonly<Record<string, number>>
  /** Counts by reason: a code such as ECONNREFUSED, `closed` or `timeout`. */
  readonly failures: Readonly<Record<string, number>>
  readonly moments: readonly Moment[]
}

/** Many simultaneous requests for a page that no instance has. */
export interface Burst {
  readonly ms: number
  readonly requests: number
  /** Requests of the burst that computed the page. One is right. */
  readonly computed: number
}

/** Processes and store over time, and the verdicts on them. */
export interface Memory {
  readonly processes: readonly ProcessSample[]
  readonly store: readonly StoreSample[]
  readonly checks: readonly { readonly text: string, readonly met: boolean, readonly why: string }[]
}

/** One measurement. */
export interface Result extends Figures {
  readonly scenario: string
  /**
   * Part of the scenario: `cached` and `no-cache`, `reads` and `writes`; most scenarios have one,
   * named like the scenario.
   */
  readonly part: string
  readonly connections: number
  /** Upper bound of requests per second; null: as many as possible. */
  readonly rate: number | null
  readonly bursts?: readonly Burst[]
  /** Only in the first result of `soak`. */
  readonly memory?: Memory
  /** Both sides of `shop`, in its first result. */
  readonly comparison?: Comparison
}

/** The content of a report, as --json writes it. */
export interface Report {
  readonly url: string
  readonly date: string
  readonly machine: Readonly<Record<string, string | number>>
  /** Whether the run ended before everything was measured. */
  readonly interrupted: boolean
  /** Scenarios that could not be measured; `notes` has the reasons. */
  readonly failed: readonly string[]
  readonly results: readonly Result[]
  /** Remarks for readers of the figures. */
  readonly notes: readonly { readonly scenario: string; readonly text: string }[]
  readonly requirements: readonly {
    readonly text: string
    readonly met: boolean
    readonly why: string
  }[]
}

/** The share of `found` in both; null where both are 0. */
export const ratio = (found: number, missed: number): number | null =>
  found + missed === 0 ? null : found / (found + missed)
