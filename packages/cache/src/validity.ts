/**
 * The order of fills and invalidations in one namespace: microseconds since the epoch, issued by
 * the store as `max(clock + 1, now)`. Stamps only grow, and go on growing if the counter itself is
 * lost.
 */
export type Stamp = number

/**
 * How far an invalidation has to have got before it is done. `strict`: no instance serves what it
 * invalidates. `bounded`: the store has it; other instances may serve the old value for as long as
 * a lease. With Redis that is typically below a millisecond.
 */
export type Consistency = 'strict' | 'bounded'

/** An entry, as far as Rule V is concerned. */
export interface Judged {
  readonly key: string
  /** Taken before the value was computed. */
  readonly stamp: Stamp
  /** All that end it: its own tags and that of its key (`keyTag`). */
  readonly tags: readonly string[]
  /**
   * The entry is known to be valid as far as invalidations below this stamp go. Raised by `isValid`
   * when the store has been asked, so that it is asked once. Absent: as `stamp`.
   */
  validatedAt?: Stamp
}

/**
 * Stamps, tag records and Rule V of one namespace: which entries may still be used.
 *
 * Rule V: an entry is valid if and only if its stamp is above the namespace's floor and above the
 * record of each of its tags. If the records are lost, the floor becomes now: that costs misses,
 * and never staleness.
 */
export interface Validity {
  /** Issues the next stamp. A fill takes one before its value is computed. */
  stamp (): Promise<Stamp>
  /**
   * A stamp for a value that exists already: above every invalidation that was acknowledged before
   * this call, and below every one that begins after it, however late the store answers.
   */
  callStamp (): Promise<Stamp>
  /** Writes a new stamp to the record of each tag, atomically. Strict by default. */
  invalidate (tags: readonly string[], consistency?: Consistency): Promise<Stamp>
  /**
   * Makes room for an entry in place of one that is still valid: earlier entries of its key end,
   * and only those. Issues the stamp that the new entry has from then on. Undefined, and nothing is
   * done, if the new entry is invalid itself.
   * @param until milliseconds since the epoch at which the replaced entry ends by itself, and the
   *   record of the replacement with it. Infinity for a value that was put by hand: what it
   *   replaces is not known, and it also takes the place of a value that was put there since
   */
  replace (entry: Judged, until: number): Promise<Stamp | undefined>
  /**
   * Issues a stamp if the entry is valid as of that stamp, by the store's own records: every
   * invalidation of it to come is above. Undefined if it is invalid.
   */
  stampIfValid (entry: Judged): Promise<Stamp | undefined>
  /**
   * Records a replacement that was made under a stamp issued before: entries of the key up to that
   * stamp end. Never lowers a higher record. If the records were lost since, nothing is recorded:
   * the floor has ended those entries.
   * @param until milliseconds since the epoch at which they end by themselves
   */
  replaced (key: string, stamp: Stamp, until: number): Promise<void>
  /** Raises the floor to a new stamp: every entry there is becomes invalid. Strict by default. */
  clear (consistency?: Consistency): Promise<Stamp>
  /** Rule V, as of now; a promise where the store has to be asked. */
  isValid (entry: Judged): boolean | Promise<boolean>
  /** Resolves when no instance uses an entry that was invalidated or replaced before this call. */
  waitForLeases (): Promise<void>
}

/** A stamp above that one and below all that are issued after it: between two there is room. */
export const justAbove = (stamp: Stamp): Stamp => stamp + 0.5

/** The next stamp after `clock`, by this machine's clock. */
export const nextStamp = (clock: Stamp): Stamp => Math.max(clock + 1, Date.now() * 1000)
