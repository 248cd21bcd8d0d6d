import type { Policy } from './policy.js'

/** The state of a key under one policy. */
export interface Verdict {
  /** Amount left: after the use if it was allowed, otherwise unchanged. */
  readonly remaining: number
  /** Microseconds until nothing is in use. */
  readonly full: number
  /** Microseconds until the cost can be used; 0: now. */
  readonly wait: number
  /**
   * Microseconds until `remaining` can be used again, if all of it is used now; if nothing is left,
   * until 1 can be used.
   */
  readonly again: number
}

/**
 * An amount of each of a key's budgets, already used in the store, from which one instance may
 * allow requests.
 *
 * Times are microseconds of the store's clock.
 */
export interface Slice {
  /** 0: none. */
  readonly amount: number
  readonly at: number
  /** Time until which the rest can be returned. */
  readonly until: number
}

/** Terms sent with a use. */
export interface LeaseTerms {
  /** Maximum amount for the slice. */
  readonly wanted: number
  /** An earlier slice that ends, and its unused amount. */
  readonly back: { readonly slice: Slice, readonly unused: number } | undefined
}

/** The answer of `lease`. */
export interface Leased {
  readonly verdicts: readonly Verdict[]
  readonly slice: Slice
}

/** The answer of a store: synchronous if it decides in this process. */
export type Verdicts = readonly Verdict[] | Promise<readonly Verdict[]>

/**
 * Stores budgets.
 *
 * A store has one clock for all clients that share it, and decides atomically: nothing happens
 * between its read and its write. Any call may throw or reject; the limiter handles that.
 */
export interface LimitStore {
  readonly kind: string
  /**
   * Uses the cost of each policy's budget if all of them allow it (no `wait`), otherwise of none.
   * One verdict per policy, in order.
   */
  take(key: string, policies: readonly Policy[], cost: number): Verdicts
  /** Returns the verdicts of `take` without using anything. */
  peek(key: string, policies: readonly Policy[], cost: number): Verdicts
  /**
   * `take`, which atomically also takes a slice back, and grants another one if the use is allowed
   * and at least half of each budget is left.
   *
   * At most 0.5% of a capacity is in slices at any time; `slices.ts` explains why. A cost of 0 uses
   * nothing. Without this method, the store is asked for each request.
   */
  lease?(
    key: string,
    policies: readonly Policy[],
    cost: number,
    terms: LeaseTerms
  ): Promise<Leased>
  /** Refills all budgets of the key. */
  reset(key: string): Promise<void>
  /**
   * Resolves if the store accepts uses again. Changes nothing and waits for no lock.
   *
   * Called repeatedly while a limiter finds the store failing. Default: a `peek`.
   */
  probe?(key: string): Promise<unknown>
  close(): Promise<void>
}
