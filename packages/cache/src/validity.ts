/**
 * Orders fills and invalidations in one namespace: microseconds since the epoch.
 *
 * The store issues stamps as `max(clock + 1, now)`. They only grow, even if the counter itself is
 * lost.
 */
export type Stamp = number

/**
 * Propagation of a write before it resolves.
 *
 * `strict`: no instance serves what it invalidated. `bounded`: the store has the change; other
 * instances may serve the old value for up to one lease. With Redis that is typically below a
 * millisecond.
 */
export type Consistency = 'strict' | 'bounded'

/** The part of an entry that Rule V needs. */
export interface Judged {
  readonly key: string
  /** Taken before the value was computed. */
  readonly stamp: Stamp
  /** All tags that can invalidate the entry: its own and that of its key (`keyTag`). */
  readonly tags: readonly string[]
  /**
   * The entry is known to be valid with regard to all invalidations below this stamp.
   *
   * Raised by `isValid` after asking the store, so that it asks only once. Absent: same as `stamp`.
   */
  validatedAt?: Stamp
}

/**
 * Stamps, tag records and Rule V of one namespace: determines which entries are valid.
 *
 * Rule V: an entry is valid if and only if its stamp is above the namespace's floor and above the
 * record of each of its tags. If the records are lost, the floor becomes the current time: that
 * causes misses, never stale reads.
 */
export interface Validity {
  /** Issues the next stamp. A fill takes one before its value is computed. */
  stamp (): Promise<Stamp>
  /**
   * Issues a stamp for an existing value: above every invalidation acknowledged before this call,
   * below every one that begins after it, however late the store answers.
   */
  callStamp (): Promise<Stamp>
  /** Writes a new stamp to the record of each tag, atomically. Strict by default. */
  invalidate (tags: readonly string[], consistency?: Consistency): Promise<Stamp>
  /**
   * Ends earlier entries of the key, and only those, to make room for a replacement.
   *
   * Issues the new entry's stamp. Undefined, and nothing is done, if the new entry itself is
   * invalid.
   * @param until milliseconds since the epoch at which the replaced entry expires, and with it the
   *   record of the replacement. Infinity for a value that was set explicitly: the entry it
   *   replaces is unknown, and values that were set meanwhile are replaced too
   */
  replace (entry: Judged, until: number): Promise<Stamp | undefined>
  /**
   * Issues a stamp if the entry is valid as of that stamp, by the store's own records. Later
   * invalidations of the entry get higher stamps. Undefined if the entry is invalid.
   */
  stampIfValid (entry: Judged): Promise<Stamp | undefined>
  /**
   * Records a replacement made with a stamp issued earlier: entries of the key up to that stamp
   * end.
   *
   * Never lowers a higher record. If the records have been lost since, nothing is recorded: the
   * floor has ended those entries.
   * @param until milliseconds since the epoch at which those entries expire
   */
  replaced (key: string, stamp: Stamp, until: number): Promise<void>
  /** Raises the floor to a new stamp: every existing entry becomes invalid. Strict by default. */
  clear (consistency?: Consistency): Promise<Stamp>
  /** Rule V, as of now; a promise if the store has to be asked. */
  isValid (entry: Judged): boolean | Promise<boolean>
  /** Resolves when no instance uses an entry that was invalidated or replaced before this call. */
  waitForLeases (): Promise<void>
}

/**
 * Returns a stamp between the given one and all that are issued later: there is room between two
 * stamps.
 */
export const justAbove = (stamp: Stamp): Stamp => stamp + 0.5

/** Returns the next stamp after `clock`, by this machine's clock. */
export const nextStamp = (clock: Stamp): Stamp => Math.max(clock + 1, Date.now() * 1000)
