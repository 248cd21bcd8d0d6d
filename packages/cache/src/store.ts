import type { Stamp, Validity } from './validity.js'

/** A place where entries and tag records are kept. One store may hold many namespaces. */
export interface Store {
  /** The namespace's part of the store. Cheap; asks the store nothing yet. */
  namespace (name: string): StoreNamespace
  /** Ends what the store itself opened, never a client it was given. */
  close (): Promise<void>
}

/** One logical cache in a store: frames under keys, and the records by which they are judged. */
export interface StoreNamespace {
  readonly entries: Entries
  readonly validity: Validity
}

/**
 * Frames under keys, and the leases to fill them. Bytes: whether a frame may be used says {@link
 * Validity}.
 */
export interface Entries {
  /** The frames under the keys, in one round trip; undefined where there is none. */
  get(keys: readonly string[]): Promise<(Buffer | undefined)[]>
  /**
   * Keeps a frame for `ttl` milliseconds, unless the store has one for the key with a higher stamp.
   */
  set(key: string, frame: Buffer, ttl: number): Promise<void>
  /** @param upTo a frame with a higher stamp stays. Default: none does */
  delete(key: string, upTo?: Stamp): Promise<void>
  /**
   * Puts a frame in place of the one that was seen, whatever their stamps, or deletes that; nothing
   * is done if the store has another one by now. Atomic: of several that have seen the same frame
   * one succeeds.
   * @param seen undefined: there is none
   * @param frame undefined: none is to be there. A counter's, where a counter of any number was
   *   seen, takes over the number that is there
   * @param ttl milliseconds
   * @returns the number of the counter that was replaced, if it was one; undefined if nothing was
   *   done
   */
  swap(
    key: string,
    seen: FrameVersion | undefined,
    frame: Buffer | undefined,
    ttl: number
  ): Promise<Swapped | undefined>
  /**
   * Adds to the counter that was seen, whatever its number is by now, in its place: its `ttl` goes
   * on. Atomic.
   * @returns the sum; the counter is as it was if that is not a safe integer. Undefined, and
   *   nothing is done, if the store has another frame by now, or none
   */
  increment(key: string, seen: FrameVersion, by: number): Promise<number | undefined>
  /**
   * The frame under the key; if there is none but what was `seen`, the lease to compute it, or word
   * of the instance that has it. One round trip. One of all that ask at one time gets the lease,
   * until it ends it, or dies and it runs out.
   * @param seen a frame that the caller cannot use, nor any with a lower stamp
   */
  claim(key: string, seen?: FrameId): Promise<Claim>
  /**
   * The fills that a fill under way waits for, as its instance said by {@link FillLease.setWaits};
   * none of one that has ended, or that is no fill of this store. With `setWaits` and the ids it
   * lets fills be refused that wait for each other in several instances. A store without these
   * works, and such fills wait for the cache's `fillTimeout`.
   */
  waitsOf?(fill: FillId): Promise<readonly FillId[]>
}

/** Names one fill of one key, for every instance: another fill of the key has another. */
export type FillId = string

/** Identifies a frame among those of one key: fills one after the other may have the same stamp. */
export interface FrameId {
  readonly stamp: Stamp
  readonly storedAt: number
}

/**
 * Tells a frame from all others of its key, and a counter from what it was before it was changed.
 */
export interface FrameVersion extends FrameId {
  readonly checksum: number
  /** A counter's number. Absent: any number, or no counter. */
  readonly number?: number | undefined
}

/** The outcome of {@link Entries.swap}, if it was done. */
export interface Swapped {
  readonly number?: number | undefined
}

/** The outcome of {@link Entries.claim}. */
export type Claim =
  | { readonly kind: 'found', readonly frame: Buffer }
  | { readonly kind: 'granted', readonly lease: FillLease }
  /** Another instance computes it. */
  | { readonly kind: 'held', readonly ended: Promise<FillEnd>, readonly fill?: FillId }

/**
 * How another instance's fill ended. `done`: look again. `unshared`: it has a value that is not for
 * others. `failed`: it has none. `unknown`: nothing was heard of it for so long that one has to ask
 * again.
 */
export type FillEnd = 'done' | 'unshared' | 'failed' | 'unknown'

/**
 * The duty to compute a key's value, alone among all instances. It is renewed until it is ended.
 */
export interface FillLease {
  /** The fill's, taken before its value is computed. */
  readonly stamp: Stamp
  /** The name by which other instances know the fill. */
  readonly id?: FillId
  /** As `set`, and ends the lease in the same round trip. */
  store (frame: Buffer, ttl: number): Promise<void>
  /**
   * Ends the lease and tells waiters elsewhere, without waiting for it. No effect on one that has
   * ended.
   */
  end (how: Exclude<FillEnd, 'unknown'>): void
  /**
   * Says which fills of other instances this one waits for, in place of what it said before, until
   * the lease ends.
   */
  setWaits? (fills: readonly FillId[]): Promise<void>
}
