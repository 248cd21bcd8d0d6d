/**
 * The order of fills and invalidations in one namespace: microseconds since the epoch, issued by the store
 * as `max(clock + 1, now)`, so that stamps only grow, and go on growing if the counter itself is lost.
 */
export type Stamp = number

/**
 * What an invalidation waits for. `strict`: until no instance serves what it invalidates. `bounded`: until the store has it; other
 * instances may serve the old for as long as a lease, typically below a millisecond.
 */
export type Consistency = 'strict' | 'bounded'

/** A place where entries and tag records are kept. One store may hold many namespaces. */
export interface Store {
  /** For people: banners, logs, statistics. */
  readonly kind: string
  readonly capabilities: StoreCapabilities
  /** The namespace's part of the store. Cheap; asks the store nothing yet. */
  namespace (name: string): StoreNamespace
  /** Ends what the store itself opened, never a client it was given. */
  close (): Promise<void>
}

export interface StoreCapabilities {
  /** Other processes see what this one writes. */
  readonly shared: boolean
  /** Entries outlive the process. */
  readonly persistent: boolean
  /** `judge` always answers: entries in memory need no question to the store. */
  readonly judgesLocally: boolean
}

/**
 * One logical cache in a store: frames under keys, and the records by which they are judged.
 *
 * Rule V: an entry is valid if and only if its stamp is above the namespace's floor and above the record of each
 * of its tags (no record: 0). `barrier` is the highest of those, so `entry.stamp > barrier(entry.tags)`.
 * If the records are lost, the floor becomes now: that costs misses, never staleness.
 */
export interface StoreNamespace {
  /** The frames under the keys, in one round trip; undefined where there is none. */
  get (keys: readonly string[]): Promise<(Buffer | undefined)[]>
  /** Keeps a frame for `ttl` milliseconds, unless the store has one for the key with a higher stamp. */
  set (key: string, stamp: Stamp, frame: Buffer, ttl: number): Promise<void>
  delete (key: string): Promise<void>
  /**
   * The frame under the key; if there is none but what was `seen`, the lease to compute it, or word of the instance that has
   * it. One round trip. Of all who ask at one time, one gets the lease, until it ends it, or dies and it runs out.
   * @param seen a frame that the caller cannot use, nor any with a lower stamp
   */
  claim (key: string, seen?: Seen): Promise<Claim>
  /**
   * Makes room for a new entry in place of one that is still valid: invalidates `tag`, which both have, and issues the stamp that the
   * new one then has. Undefined, and nothing is done, if the new one, whose fill took `stamp`, is invalid itself by one of its
   * `tags`.
   */
  supersede (tag: string, tags: readonly string[], stamp: Stamp): Promise<Stamp | undefined>
  /** Resolves when no instance uses what was invalidated before this call. */
  settled (): Promise<void>
  /** Issues the next stamp. A fill takes one before its value is computed. */
  stamp (): Promise<Stamp>
  /** Issues a stamp and writes it to the record of each tag, atomically. Strict by default. */
  invalidate (tags: readonly string[], consistency?: Consistency): Promise<Stamp>
  /** Raises the floor to a new stamp: every entry there is becomes invalid. Strict by default. */
  clear (consistency?: Consistency): Promise<Stamp>
  /** The stamp an entry with these tags has to exceed, asked of the store after this call began. */
  barrier (tags: readonly string[]): Promise<Stamp>
  /** Invalidations above this stamp are known here: `judge` can answer for entries above it. Infinity: none are. */
  readonly knownSince: Stamp
  /** Rule V from what is known here, now, for certain; undefined where the store has to be asked (`barrier`). */
  judge (stamp: Stamp, tags: readonly string[]): boolean | undefined
}

/** What tells one frame of a key from another: fills one after the other may have the same stamp. */
export interface Seen {
  readonly stamp: Stamp
  readonly storedAt: number
}

/** What {@link StoreNamespace.claim} finds. */
export type Claim =
  | { readonly kind: 'found', readonly frame: Buffer }
  | { readonly kind: 'granted', readonly lease: FillLease }
  /** Another instance computes it. */
  | { readonly kind: 'held', readonly ended: Promise<FillEnd> }

/**
 * How another instance's fill ended. `done`: look again. `unshared`: it has a value that is not for others. `failed`: it has none.
 * `unknown`: nothing was heard of it for so long that one has to ask again.
 */
export type FillEnd = 'done' | 'unshared' | 'failed' | 'unknown'

/** The duty to compute a key's value, alone among all instances. It is renewed until it is ended. */
export interface FillLease {
  /** The fill's, taken before its value is computed. */
  readonly stamp: Stamp
  /** As `set`, and ends the lease in the same round trip. */
  store (frame: Buffer, ttl: number): Promise<void>
  /** Ends the lease and tells those who wait elsewhere, without waiting for it. Nothing happens if it has ended already. */
  end (how: Exclude<FillEnd, 'unknown'>): void
}

/** A stamp above that one and below all that are issued after it: between two there is room. */
export const justAbove = (stamp: Stamp): Stamp => stamp + 0.5

/** The next stamp after `clock`, by this machine's clock. */
export const nextStamp = (clock: Stamp): Stamp => Math.max(clock + 1, Date.now() * 1000)
