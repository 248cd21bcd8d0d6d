import type { Stamp, Validity } from './validity.js'

/** Keeps entries and tag records. One store may hold many namespaces. */
export interface Store {
  /** Returns the namespace's part of the store. Cheap: no request is made yet. */
  namespace (name: string): StoreNamespace
  /** Closes whatever the store opened itself, but no client passed to it. */
  close (): Promise<void>
  /**
   * The namespaces that the store has something of, for tools; in a bounded time, so that of a
   * large store those with few entries may be missing. Missing in stores that cannot list keys.
   */
  namespaces? (): Promise<FoundNamespaces>
}

/** The outcome of {@link Store.namespaces}. */
export interface FoundNamespaces {
  /** Sorted names. */
  readonly names: readonly string[]
  /** False: the store is too large to be looked through, and there may be others. */
  readonly complete: boolean
}

/** One logical cache in a store: frames by key, and the records that determine their validity. */
export interface StoreNamespace {
  readonly entries: Entries
  readonly validity: Validity
  /**
   * The database, as OpenTelemetry names it (`db.system.name`): `redis`, `postgresql`, `sqlite`,
   * `memcached`. Missing if calls do not leave the process.
   */
  readonly system?: string
}

/**
 * Frames by key, and the leases to fill them. {@link Validity} decides whether a frame may be used.
 */
export interface Entries {
  /** Reads the frames of the keys in one round trip; undefined for each missing one. */
  get(keys: readonly string[]): Promise<(Buffer | undefined)[]>
  /** Stores a frame for `ttl` milliseconds, unless the key has one with a higher stamp. */
  set(key: string, frame: Buffer, ttl: number): Promise<void>
  /** @param upTo keeps frames with a higher stamp. Default: deletes any frame */
  delete(key: string, upTo?: Stamp): Promise<void>
  /**
   * Replaces or deletes the frame that was read, whatever the stamps, if the store still has it.
   *
   * Atomic: of several callers that have read the same frame, one succeeds.
   * @param seen undefined: there is none
   * @param frame undefined: delete. A counter's frame takes over the stored number if the caller
   *   accepted any number of a counter
   * @param ttl milliseconds
   * @returns the number of the replaced counter, if it was one; undefined if nothing was done
   */
  swap(
    key: string,
    seen: FrameVersion | undefined,
    frame: Buffer | undefined,
    ttl: number
  ): Promise<Swapped | undefined>
  /**
   * Adds to the counter that was read, whatever its current number; its `ttl` is kept. Atomic.
   * @returns the sum; the counter is unchanged if that is not a safe integer. Undefined, and
   *   nothing is done, if the store now has another frame or none
   */
  increment(key: string, seen: FrameVersion, by: number): Promise<number | undefined>
  /**
   * Returns a newer frame than `seen`; otherwise the lease to compute one, or a reference to its
   * holder.
   *
   * One round trip. One of the concurrent callers gets the lease, until it ends the lease, or dies
   * and the lease expires.
   * @param seen a frame that the caller cannot use; frames with lower stamps are unusable too
   */
  claim(key: string, seen?: FrameId): Promise<Claim>
  /**
   * Returns the fills that a fill waits for, as announced by {@link FillLease.setWaits}.
   *
   * Empty for a fill that has ended or does not belong to this store. Together with `setWaits` and
   * the ids, it makes cycles of fills across instances detectable. In a store without these methods
   * such fills wait for the cache's `fillTimeout`.
   */
  waitsOf?(fill: FillId): Promise<readonly FillId[]>
  /**
   * One page of the namespace's keys, in no particular order, in a bounded time however many there
   * are. A key that is there during the whole scan is on one of its pages, and may be on two.
   * Missing in stores that cannot list keys, such as Memcached.
   * @param cursor of the page before; undefined begins
   * @param limit keys of the page, about: it may have fewer, even none, before the end
   * @throws CacheError WEIR_CACHE_INVALID_CURSOR
   */
  scan?(cursor: string | undefined, limit: number): Promise<ScanPage>
}

/** One page of {@link Entries.scan}. */
export interface ScanPage {
  readonly frames: readonly ScannedFrame[]
  /** Gives the next page; undefined at the end of the scan. */
  readonly cursor: string | undefined
}

/** A key, and the first bytes of its frame: 1 KiB, or to the end of its tags if that is more. */
export interface ScannedFrame {
  readonly key: string
  /** Ends within the tags if those have more than 64 KiB. */
  readonly head: Buffer
}

/** Identifies one fill of one key on every instance. Each fill of the key has a different id. */
export type FillId = string

/** Identifies a frame among those of one key: consecutive fills may have the same stamp. */
export interface FrameId {
  readonly stamp: Stamp
  readonly storedAt: number
}

/** Identifies one version of a key's frame, including changes of a counter's number. */
export interface FrameVersion extends FrameId {
  readonly checksum: number
  /** A counter's number. Absent: any number, or not a counter. */
  readonly number?: number | undefined
}

/** The outcome of an {@link Entries.swap} that was done. */
export interface Swapped {
  readonly number?: number | undefined
}

/** The outcome of {@link Entries.claim}. */
export type Claim =
  | { readonly kind: 'found', readonly frame: Buffer }
  | { readonly kind: 'granted', readonly lease: FillLease }
  /**
   * Another instance computes the value. `traceparent` returns the span of its fill, once that has
   * ended and if it was announced with one.
   */
  | {
    readonly kind: 'held'
    readonly ended: Promise<FillEnd>
    readonly fill?: FillId
    readonly traceparent?: () => string | undefined
  }

/**
 * The end of another instance's fill.
 *
 * `done`: read again. `unshared`: its value is not for others. `failed`: it has no value.
 * `unknown`: no news for so long that the caller has to ask again.
 */
export type FillEnd = 'done' | 'unshared' | 'failed' | 'unknown'

/** The duty to compute a key's value, exclusive across instances. Renewed until it ends. */
export interface FillLease {
  /** The stamp of the fill, taken before its value is computed. */
  readonly stamp: Stamp
  /** The id by which other instances know the fill. */
  readonly id?: FillId
  /** Like `set`, and ends the lease in the same round trip. */
  store (frame: Buffer, ttl: number): Promise<void>
  /**
   * Ends the lease and notifies waiters elsewhere, without awaiting that. No effect after the lease
   * has ended.
   */
  end (how: Exclude<FillEnd, 'unknown'>): void
  /**
   * Announces the remote fills this one waits for, replacing earlier announcements, until the lease
   * ends.
   */
  setWaits? (fills: readonly FillId[]): Promise<void>
  /**
   * Names the fill's trace. If it has a span when the lease ends, that is announced to callers that
   * wait elsewhere.
   */
  setTrace? (trace: { readonly traceparent?: string }): void
}
