import type { MemoryLimits } from './bounded-map.js'
import type { CallDefaults } from './defaults.js'
import type { Duration } from './duration.js'
import type { Entry } from './entry.js'
import type { Source } from './events.js'
import type { EntryOptions } from './fill.js'
import type { Store } from './store.js'
import type { StoredValueOptions } from './stored-value.js'
import type { Consistency } from './validity.js'

/** Options of {@link createCache}. */
export interface CacheOptions<T> extends CallDefaults, StoredValueOptions<T> {
  readonly store: Store
  /**
   * One logical cache: keys and tags of different namespaces are separate. Letters, digits, `.`,
   * `_`, `-`.
   */
  readonly namespace: string
  /**
   * Name of this instance among those that share the store, up to 255 characters.
   *
   * Entries record which instance computed them, for statistics. Default ''.
   */
  readonly name?: string
  /**
   * Limits of this instance's memory. Default 64 MiB and 10,000 entries.
   *
   * `false` disables memory: every read asks the store. Frames that have not changed are not parsed
   * again; up to 16 MiB of decoded values are kept for that, and several callers may receive the
   * same one.
   */
  readonly l1?: MemoryLimits | false
  /**
   * Time for which callers wait for a fill before they compute the value themselves. Default 10 s.
   */
  readonly fillTimeout?: Duration
}

/** Options of reads that continue while the store is unreachable. */
export interface OutageOptions {
  /**
   * Behavior while the store is unreachable.
   *
   * `bypass`, the default, computes the value. `stale` uses the value in memory if it is fresh or
   * may replace an error, although it may have been invalidated.
   */
  readonly onOutage?: 'bypass' | 'stale'
}

/** Options of {@link Cache.find}. */
export interface FindOptions extends OutageOptions {
  /**
   * The acceptable age.
   *
   * `fresh`; `stale`, the default: within the stale-while-revalidate window too; `retained`: any
   * entry that still exists and has not been invalidated, for callers that decide themselves what
   * they may use. `retained` does not count as a hit.
   */
  readonly accept?: 'fresh' | 'stale' | 'retained'
}

/** Options of {@link Cache.acquire}. */
export interface AcquireOptions extends OutageOptions {
  /** Ignores stored values, however fresh: accepts only a fill that finishes from now on. */
  readonly renew?: boolean
  /**
   * Computes independently: uses stored values, but neither waits for fills nor lets others wait
   * for its own.
   *
   * Meant for values that are likely to be private to the caller.
   */
  readonly beside?: boolean
  /**
   * The caller's value may be private. If the fill it waited for turned out private, it computes
   * independently.
   */
  readonly mayBeOwn?: boolean
}

/** Options of {@link Cache.remember}. */
export interface RememberOptions<U> extends Omit<EntryOptions, 'tags'>, OutageOptions {
  /** Tags, or a function that derives them from the value. */
  readonly tags?: readonly string[] | ((value: U) => readonly string[])
  /**
   * Time for which `null` and `undefined` are kept, without stale windows. Default: like any value.
   */
  readonly negativeTtl?: Duration
  /**
   * Time after which a waiting caller gets a stale value within `staleIfError`, if there is one.
   *
   * The function continues, and its result is stored. Default: no limit.
   */
  readonly softTimeout?: Duration
  /**
   * Maximum run time of the function.
   *
   * After that the signal of its context is aborted, and the fill fails with
   * WEIR_CACHE_FILL_TIMEOUT. Default: no limit.
   */
  readonly hardTimeout?: Duration
  /**
   * Whether frequently read values are refreshed in the background before they expire.
   *
   * The refresh happens at random, earlier for values that take longer to compute, so that not all
   * of them expire at once. Default false.
   */
  readonly earlyRefresh?: boolean
}

/** Options of writes. */
export interface WriteOptions {
  /** Default `strict`: the write resolves when no instance serves the old value. */
  readonly consistency?: Consistency
}

/** A usable value. `stale`: within its stale-while-revalidate window, or in place of an error. */
export interface Hit<T> {
  readonly entry: Entry<T>
  readonly source: Source
  readonly stale: boolean
  /** Read from memory while the store was unreachable: see {@link OutageOptions.onOutage}. */
  readonly unverified?: true
}

/** Counters of this instance since the cache was created. */
export interface CacheStats {
  readonly hits: { readonly l1: number, readonly l2: number, readonly coalesced: number }
  readonly stale: number
  readonly misses: number
  /** Microseconds of computation that hits saved. */
  readonly savedMicros: number
  readonly stores: number
  /** Entries found but not used: invalid by Rule V, or not whole. */
  readonly discarded: number
  readonly invalidations: number
  readonly errors: number
  readonly l1: { readonly entries: number, readonly bytes: number, readonly evictions: number }
  readonly flights: number
}
