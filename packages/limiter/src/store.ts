import type { Policy } from './policy.js'

/** How a key stands with one policy. */
export interface Verdict {
  /** What is left: after the use if it was allowed, as it is if not. */
  readonly remaining: number
  /** Microseconds until nothing is in use. */
  readonly full: number
  /** Microseconds until the cost can be used; 0: now. */
  readonly wait: number
  /**
   * Microseconds until `remaining` can be used again, if all of it is used now; where nothing is
   * left, until 1 can be used.
   */
  readonly again: number
}

/**
 * So much of each of a key's budgets, used in the store already, for one instance to allow requests
 * by. Times are microseconds of the store's clock.
 */
export interface Slice {
  /** 0: none. */
  readonly amount: number
  readonly at: number
  /** Until when what is left of it can be given back. */
  readonly until: number
}

/** Terms that go along with a use. */
export interface LeaseTerms {
  /** The most that the slice should have. */
  readonly wanted: number
  /** An earlier slice that ends, and what of it was not used. */
  readonly back: { readonly slice: Slice, readonly unused: number } | undefined
}

/** The answer of `lease`. */
export interface Leased {
  readonly verdicts: readonly Verdict[]
  readonly slice: Slice
}

/** The answer of a store: at once where it decides in this process, otherwise later. */
export type Verdicts = readonly Verdict[] | Promise<readonly Verdict[]>

/**
 * Where budgets are kept. A store has one clock for all who share it, and decides in one step:
 * between reading and writing nobody else gets in. It may fail or reject at any call; the limiter
 * knows what to do then.
 */
export interface LimitStore {
  readonly kind: string
  /**
   * Uses the cost of each policy's budget if all of them allow it (no `wait`), of none otherwise.
   * One verdict a policy, in their order.
   */
  take(key: string, policies: readonly Policy[], cost: number): Verdicts
  /** As `take` would answer, except that nothing is used. */
  peek(key: string, policies: readonly Policy[], cost: number): Verdicts
  /**
   * `take`, and in the same step: takes a slice back, and grants another one if the use is allowed
   * and at least half of each budget is left. No more than half a percent of a capacity is in
   * slices at any time. `slices.ts` has what for. A cost of 0 uses nothing. A store without it is
   * asked for each request.
   */
  lease?(
    key: string,
    policies: readonly Policy[],
    cost: number,
    terms: LeaseTerms
  ): Promise<Leased>
  /** Makes all budgets of the key full. */
  reset(key: string): Promise<void>
  /**
   * Resolves if the store takes uses again. Changes nothing, and waits for no lock. It is asked
   * again and again while a limiter finds the store failing. Default: a `peek`.
   */
  probe?(key: string): Promise<unknown>
  close(): Promise<void>
}
