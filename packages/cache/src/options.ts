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
   * One logical cache: keys and tags of different namespaces never meet. Letters, digits, `.`, `_`,
   * `-`.
   */
  readonly namespace: string
  /**
   * This instance among those that share the store: what it computes says so, for statistics. Up to
   * 255 characters. Default ''.
   */
  readonly name?: string
  /**
   * This instance's memory before the store. Default 64 MiB and 10,000 entries. `false` for none:
   * every read asks the store. What it gives again, byte for byte, is not parsed again; up to 16
   * MiB of values are kept for that, and given to several callers.
   */
  readonly l1?: MemoryLimits | false
  /** How long others wait for a fill before they compute for themselves. Default 10 s. */
  readonly fillTimeout?: Duration
}

/** Options of reads that go on while the store cannot be asked. */
export interface OutageOptions {
  /**
   * While the store cannot be asked: `bypass`, the default, computes the value; `stale` takes what
   * memory has, as long as it may be used in place of an error or is fresh, although it may have
   * been invalidated.
   */
  readonly onOutage?: 'bypass' | 'stale'
}

/** Options of {@link Cache.find}. */
export interface FindOptions extends OutageOptions {
  /**
   * The age that is good enough. `fresh`; `stale`, the default: within its stale-while-revalidate
   * window, too; `retained`: anything that is still there and has not been invalidated, for callers
   * that know by themselves what they may use. The last is not counted as a hit.
   */
  readonly accept?: 'fresh' | 'stale' | 'retained'
}

/** Options of {@link Cache.acquire}. */
export interface AcquireOptions extends OutageOptions {
  /**
   * Nothing that is stored will do, however fresh: only what a fill brings that ends from now on.
   */
  readonly renew?: boolean
  /**
   * The caller computes beside all others: it takes what is stored, but does not wait for a fill
   * under way, and no other caller waits for its own. Meant for values that are likely to be
   * private to the caller.
   */
  readonly beside?: boolean
  /**
   * The caller's value may turn out to be its own. Where that of a fill it waited for did, it
   * computes beside all others.
   */
  readonly mayBeOwn?: boolean
}

/** Options of {@link Cache.remember}. */
export interface RememberOptions<U> extends Omit<EntryOptions, 'tags'>, OutageOptions {
  /** Tags, or what makes them of the value. */
  readonly tags?: readonly string[] | ((value: U) => readonly string[])
  /** How long `null` and `undefined` are kept, with no stale windows. Default: as any value. */
  readonly negativeTtl?: Duration
  /**
   * How long a caller waits before it gets a stale value that may stand in for an error
   * (`staleIfError`), if there is one. The function goes on, and what it returns is kept. Default:
   * until it ends.
   */
  readonly softTimeout?: Duration
  /**
   * How long the function may take. Then the signal of its context is aborted, and it counts as
   * failed, by WEIR_CACHE_FILL_TIMEOUT. Default: without end.
   */
  readonly hardTimeout?: Duration
  /**
   * Whether a value that is often asked for is computed anew before it ends, in the background: the
   * earlier the longer that takes, by chance, so that not all of them end at once. Default false.
   */
  readonly earlyRefresh?: boolean
}

/** Options of writes. */
export interface WriteOptions {
  /** Default `strict`: the write is done when no instance serves the old value. */
  readonly consistency?: Consistency
}

/**
 * A value that may be used. `stale`: within its stale-while-revalidate window, or in place of an
 * error.
 */
export interface Hit<T> {
  readonly entry: Entry<T>
  readonly source: Source
  readonly stale: boolean
  /**
   * Taken from memory although the store could not be asked: see {@link OutageOptions.onOutage}.
   */
  readonly unverified?: true
}

/** Counts since the cache was made, of this instance. */
export interface CacheStats {
  readonly hits: { readonly l1: number, readonly l2: number, readonly coalesced: number }
  readonly stale: number
  readonly misses: number
  /**
   * Microseconds that computing the values of all hits had taken, and that callers did not wait for
   * again.
   */
  readonly savedMicros: number
  readonly stores: number
  /** Entries found and not used: invalid by Rule V, or not whole. */
  readonly discarded: number
  readonly invalidations: number
  readonly errors: number
  readonly l1: { readonly entries: number, readonly bytes: number, readonly evictions: number }
  readonly flights: number
}
