import { WORKLOADS, type WorkloadName } from './resources.js'

/** Results of the requests of one workload. */
export interface Tally {
  reads: number
  hits: number
  /** Reads answered with a stale value because the origin had failed. */
  standIns: number
  /** Resources with an acknowledged write. */
  writes: number
}

/** Results of the requests so far. */
export interface Counts {
  reads: number
  hits: number
  /** Reads answered by the destination of purges, and those answered by a proxy alone. */
  edgeReads: number
  edgeHits: number
  writes: number
  /** Writes that were acknowledged before the destination had confirmed their purge. */
  unconfirmed: number
  /** Writes without an acknowledgement: applied or not. */
  unacknowledged: number
  /** Reads without a response: the instance was killed. */
  unanswered: number
  /** Reads that failed because the origin was told to fail. */
  originErrors: number
  /** Responses of 500 and above, to reads and to writes, and the text of the first of each. */
  failedReads: number
  failedWrites: number
  /** Invalidations that the cache has refused, because of a key or tag, or for lack of memory. */
  refused: number
  /** Invalidations acknowledged while Redis had no memory left. */
  whileFull: number
  firstFailures: string[]
  readonly workloads: Readonly<Record<WorkloadName, Tally>>
}

export const noCounts = (): Counts => ({
  reads: 0,
  hits: 0,
  edgeReads: 0,
  edgeHits: 0,
  writes: 0,
  unconfirmed: 0,
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

/** Names the requests of which a run of so many seconds had too few to prove anything. */
export function tooFew (
  { reads, writes }: Pick<Counts, 'reads' | 'writes'>,
  seconds: number
): string | undefined {
  if (writes < seconds) return 'writes were acknowledged'
  return reads < 50 * seconds ? 'reads were answered' : undefined
}
