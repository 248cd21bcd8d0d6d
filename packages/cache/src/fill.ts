import { parseDuration, type Duration } from './duration.js'
import { checkTags, type Entry, goneAt } from './entry.js'
import { CacheError, shown } from './errors.js'
import type { Flight } from './flights.js'
import type { Stamp } from './store.js'

/** How long a value is good, and what invalidates it. */
export interface EntryOptions {
  /** How long it is fresh. */
  readonly ttl: Duration
  /** How long after that it may be served while a new one is fetched (RFC 5861, section 3). Default 0. */
  readonly staleWhileRevalidate?: Duration
  /** How long after `ttl` it may be served instead of an error (RFC 5861, section 4). Default 0. */
  readonly staleIfError?: Duration
  /** How long after `ttl` it is kept at least, for who can validate it. Default 0. */
  readonly keep?: Duration
  /** The part of `ttl`, 0 to 1, that is taken away at random, so that what was filled together does not end together. Default 0. */
  readonly jitter?: number
  readonly tags?: readonly string[]
}

/**
 * What became of a value: kept; or `invalid`, because it was invalidated while it was computed; `failed`, because the store
 * did not take it; `transient`, because nobody may want it later.
 */
export type Kept = 'stored' | 'invalid' | 'failed' | 'transient'

/** What a fill does with a value; the cache implements it. */
export type Commit<T> = (entry: Entry<T>) => Promise<Kept>

/** Who has computed a value, and how long it took. */
export type Made = Pick<Entry<unknown>, 'filledBy' | 'cost'>

/**
 * The duty to compute a value, given to one caller of a key while others wait. It must end in exactly one of
 * `commit`, `fail` or `abandon`; if it never does, the others stop waiting after the cache's `fillTimeout`.
 */
export class Fill<T> {
  readonly #begun = performance.now()

  constructor (
    readonly key: string,
    /** Undefined if the store gave none: the value can then be shared with those who wait, but not kept. */
    readonly stamp: Stamp | undefined,
    /** A stale value that may stand in for a failure; see `servesError`. */
    readonly stale: Entry<T> | undefined,
    readonly flight: Flight<T> | undefined,
    /** The name of the cache that computes it. */
    readonly filledBy: string,
    readonly store: Commit<T>,
    readonly storeUnder: (key: string, entry: Entry<T>) => Promise<Kept>
  ) {}

  /**
   * Stores the value and hands it to those who wait; resolves when every instance can see it.
   * @param options called here, so that an error in it ends the flight too
   * @throws CacheError WEIR_CACHE_INVALID_DURATION, WEIR_CACHE_INVALID_TAG, WEIR_CACHE_UNSERIALIZABLE
   */
  async commit (value: T, options: () => EntryOptions): Promise<{ entry: Entry<T>, kept: Kept }> {
    try {
      const entry = makeEntry(value, this.stamp ?? 0, options(), this.#made())
      const kept = this.stamp === undefined ? 'failed' : goneAt(entry) > entry.storedAt ? await this.store(entry) : 'transient'
      this.flight?.land({ kind: 'value', entry, source: 'flight' })
      return { entry, kept }
    } catch (error) {
      this.fail(error)
      throw error
    }
  }

  /**
   * Stores a value under another key, as computed by this fill: it is judged by the same stamp. Before `commit`, which those who wait
   * are told of.
   * @throws CacheError as `commit`
   */
  async also (key: string, value: T, options: EntryOptions): Promise<{ entry: Entry<T>, kept: Kept }> {
    const entry = makeEntry(value, this.stamp ?? 0, options, this.#made())
    return { entry, kept: this.stamp === undefined ? 'failed' : await this.storeUnder(key, entry) }
  }

  /** Tells those who wait that there is no value; they get the stale one if there is one that may be used. */
  fail (error: unknown): void {
    this.flight?.land({ kind: 'error', error, stale: this.stale })
  }

  /** There may be a value, but not one to share: those who wait compute their own, without waiting for each other. */
  abandon (): void {
    this.flight?.land({ kind: 'none' })
  }

  #made (): Made {
    return { filledBy: this.filledBy, cost: Math.min(Math.round((performance.now() - this.#begun) * 1000), LONGEST_COST) }
  }
}

// What every store can count with: a hundred years.
const LONGEST = 100 * 365 * 86_400_000
// What a frame has room for, in microseconds: 71 minutes.
const LONGEST_COST = 2 ** 32 - 1

export function makeEntry<T> (value: T, stamp: Stamp, options: EntryOptions, { filledBy, cost }: Made): Entry<T> {
  const { ttl, staleWhileRevalidate = 0, staleIfError = 0, keep = 0, jitter = 0, tags = [] } = options
  checkTags(tags)
  if (typeof jitter !== 'number' || !(jitter >= 0 && jitter <= 1)) {
    throw new CacheError('WEIR_CACHE_INVALID_OPTION', `jitter ${shown(jitter)}: give a number from 0 to 1`)
  }
  const storedAt = Date.now()
  const freshUntil = storedAt + span(ttl, 'ttl') * (1 - jitter * Math.random())
  const windows = [span(staleWhileRevalidate, 'staleWhileRevalidate'), span(staleIfError, 'staleIfError'), span(keep, 'keep')] as const
  const [staleUntil, errorUntil] = [freshUntil + windows[0], freshUntil + windows[1]]
  const keptFor = Math.ceil(Math.max(...windows))
  return { value, stamp, tags, storedAt, freshUntil, staleUntil, errorUntil, keptFor, filledBy, cost }
}

const span = (duration: Duration, name: string) => Math.min(parseDuration(duration, name), LONGEST)
