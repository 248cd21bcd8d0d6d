import { type Outcome } from './outcome.js'
import { type Comparison } from './shop/comparison.js'
import { type ProcessSample } from './soak/processes.js'
import { type StoreSample } from './soak/store.js'

/** How long answers took, in ms. */
export interface Latency {
  readonly mean: number
  readonly p50: number
  readonly p90: number
  readonly p95: number
  readonly p99: number
  readonly max: number
}

/** A stretch of the time. */
export interface Moment {
  /** When it began, in seconds since the first request. */
  readonly at: number
  /**
   * How long it was; the last one may be up to half as long again as the others, or half as long.
   */
  readonly seconds: number
  readonly outcomes: Readonly<Partial<Record<Outcome, number>>>
  readonly failed: number
  readonly hitRatio: number | null
}

/** What became of a number of requests. */
export interface Figures {
  readonly seconds: number
  /** answered + failed + cutOff */
  readonly sent: number
  readonly answered: number
  /** Requests without an answer: refused, broken off, timed out. */
  readonly failed: number
  /** Requests under way when time was up. */
  readonly cutOff: number
  /** Answers a second. */
  readonly perSecond: number
  /**
   * Of the answers for which the cache was asked, the part that it had, 304 among them; null where
   * it was not asked.
   */
  readonly hitRatio: number | null
  /**
   * For how many answers the cache was asked: the others bypassed it, were writes, were refused or
   * are not cached.
   */
  readonly asked: number
  /** Of all answers; null where there were none. */
  readonly latency: Latency | null
  /** Those that there were. `share`: of the answers. */
  readonly outcomes: readonly {
    readonly outcome: Outcome
    readonly count: number
    readonly share: number
    readonly latency: Latency
  }[]
  /** By the name that Cache-Status gives; answers without one, such as 429, are of none. */
  readonly instances: readonly {
    readonly name: string
    readonly count: number
    readonly share: number
    readonly outcomes: Readonly<Partial<Record<Outcome, number>>>
  }[]
  readonly statuses: Readonly<Record<string, number>>
  /** By reason: a code like ECONNREFUSED, `closed` or `timeout`. */
  readonly failures: Readonly<Record<string, number>>
  readonly moments: readonly Moment[]
}

/** Many requests at once for what no instance has. */
export interface Burst {
  readonly ms: number
  readonly requests: number
  /** How many of them computed it. One is right. */
  readonly computed: number
}

/** Processes and store over time, and how they are judged. */
export interface Memory {
  readonly processes: readonly ProcessSample[]
  readonly store: readonly StoreSample[]
  readonly checks: readonly { readonly text: string, readonly met: boolean, readonly why: string }[]
}

/** One measurement. */
export interface Result extends Figures {
  readonly scenario: string
  /**
   * What of the scenario: `cached` and `no-cache`, `reads` and `writes`; of most there is one,
   * called as the scenario.
   */
  readonly part: string
  readonly connections: number
  /** Requests a second that were not to be exceeded; null for as many as there can be. */
  readonly rate: number | null
  readonly bursts?: readonly Burst[]
  /** Of the first result of `soak`. */
  readonly memory?: Memory
  /** Both sides of `shop`, in its first result. */
  readonly comparison?: Comparison
}

/** What a report is made of, and what --json writes. */
export interface Report {
  readonly url: string
  readonly date: string
  readonly machine: Readonly<Record<string, string | number>>
  /** Whether it was ended before everything was measured. */
  readonly interrupted: boolean
  /** Scenarios that could not be measured; `notes` say why. */
  readonly failed: readonly string[]
  readonly results: readonly Result[]
  /** What a reader of the figures has to know. */
  readonly notes: readonly { readonly scenario: string; readonly text: string }[]
  readonly requirements: readonly {
    readonly text: string
    readonly met: boolean
    readonly why: string
  }[]
}

/** The part that `found` is of both; null where both are 0. */
export const ratio = (found: number, missed: number): number | null =>
  found + missed === 0 ? null : found / (found + missed)
