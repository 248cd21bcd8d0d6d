import { WORKLOADS, type WorkloadName } from './resources.js'

/** What came of the requests of one workload. */
export interface Tally {
  reads: number
  hits: number
  /** Reads that were given a stale value because the origin had failed. */
  standIns: number
  /** Resources of which a write was acknowledged. */
  writes: number
}

/** What came of the requests so far. */
export interface Counts {
  reads: number
  hits: number
  writes: number
  /** Writes without an acknowledgement: done or not. */
  unacknowledged: number
  /** Reads without an answer: the instance was killed. */
  unanswered: number
  /** Reads that failed as the origin was told to. */
  originErrors: number
  /** Answers of 500 and more, to reads and to writes, and what the first of each said. */
  failedReads: number
  failedWrites: number
  /**
   * Invalidations that the cache has refused, for what was to be invalidated or for want of memory.
   */
  refused: number
  /** Invalidations of the cache that were acknowledged while Redis had no memory left. */
  whileFull: number
  firstFailures: string[]
  readonly workloads: Readonly<Record<WorkloadName, Tally>>
}

export const noCounts = (): Counts => ({
  reads: 0,
  hits: 0,
  writes: 0,
  unacknowledged: 0,
  unanswered: 0,
  originErrors: 0,
  failedReads: 0,
  failedWrites: 0,
  refused: 0,
  whileFull: 0,
  firstFailures: [],
  workloads: Object.fromEntries(
    Object.keys(WORKLOADS).map((name) => [name, { reads: 0, hits: 0, standIns: 0, writes: 0 }])
  ) as Record<WorkloadName, Tally>
})
