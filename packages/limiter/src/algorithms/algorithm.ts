/** Three integers that a policy is computed with; their meaning depends on the algorithm. */
export type Meter = readonly [number, number, number]

/**
 * A store's state for a key and a policy: pairs of integers, the first of each a time in
 * microseconds.
 *
 * Each algorithm exists twice, here in TypeScript and identically in the Redis script. All integers
 * stay below 2^53, where both are exact.
 */
export type State = readonly number[]

/** Times are microseconds of the store's clock. */
export interface Algorithm {
  meter (limit: number, window: number, burst: number): Meter
  /**
   * Returns the state as of now, without expired parts. A state from the future, after the clock
   * was set back, is moved to now unchanged.
   */
  settle (meter: Meter, state: State | undefined, now: number): State
  /**
   * Reports whether the state is from the future: it then has to be stored as moved, or it would
   * stay in the future.
   */
  isAhead (meter: Meter, state: State, now: number): boolean
  /**
   * Time until the cost can be used, if nothing is used meanwhile. 0: now. Expects a settled state,
   * as do the functions below.
   */
  wait (meter: Meter, state: State, now: number, cost: number): number
  use (meter: Meter, state: State, now: number, cost: number): State
  remaining (meter: Meter, state: State): number
  /**
   * Time until the amount can be used again, if it is used now: at least 1. If it is not available,
   * the time until it can be used at all.
   * @param amount all that remains, or 1 if nothing does
   */
  again (meter: Meter, state: State, now: number, amount: number): number
  /** Time until nothing is in use. */
  full (meter: Meter, state: State, now: number): number
}
