/** Three integers a policy is computed with; what they are is the algorithm's own. */
export type Meter = readonly [number, number, number]

/**
 * What a store keeps for a key and a policy: pairs of integers, the first of each a time in
 * microseconds. All there is to an algorithm is here, once in TypeScript and, the same, in the
 * script for Redis; all below 2^53, where both count exactly.
 */
export type State = readonly number[]

/** Times are microseconds of the store's clock. */
export interface Algorithm {
  meter (limit: number, window: number, burst: number): Meter
  /**
   * The state as of now: what is over is gone. A state from the future, after the clock was set
   * back, is moved to now as it is.
   */
  settle (meter: Meter, state: State | undefined, now: number): State
  /**
   * Whether it is one of those: then it has to be kept as moved, or it would stay in the future.
   */
  isAhead (meter: Meter, state: State, now: number): boolean
  /**
   * Until so much can be used, if nobody uses any meanwhile. 0: now. Of a settled state, as are
   * those below.
   */
  wait (meter: Meter, state: State, now: number, cost: number): number
  use (meter: Meter, state: State, now: number, cost: number): State
  remaining (meter: Meter, state: State): number
  /**
   * Until so much can be used again, if it is used now: it is 1 at least, and where that is not
   * left, until it can be used at all.
   * @param amount as much as remains, or 1 where nothing does
   */
  again (meter: Meter, state: State, now: number, amount: number): number
  /** Until nothing is in use. */
  full (meter: Meter, state: State, now: number): number
}
