import type { Defaults } from './defaults.js'
import { type Duration, LONGEST, parseDuration } from './duration.js'
import { checkTags, type Entry, goneAt } from './entry.js'
import { CacheError, shown } from './errors.js'
import type { FillNode } from './fill-graph.js'
import type { FillTrace } from './traces.js'
import type { Stamp } from './validity.js'

/** Lifetime and tags of a value. */
export interface EntryOptions {
  /** Time for which the value is fresh. */
  readonly ttl: Duration
  /**
   * Time after `ttl` in which it may be served while a new one is fetched (RFC 5861, section 3).
   * Default 0.
   */
  readonly staleWhileRevalidate?: Duration
  /**
   * Time after `ttl` in which it may be served instead of an error (RFC 5861, section 4). Default
   * 0.
   */
  readonly staleIfError?: Duration
  /**
   * Minimum time after `ttl` for which it is retained, for callers that can validate it. Default 0.
   */
  readonly retain?: Duration
  /**
   * Fraction of `ttl`, 0 to 1, subtracted at random, so that values filled together expire apart.
   * Default 0.
   */
  readonly jitter?: number
  readonly tags?: readonly string[]
}

/**
 * The outcome of storing a value.
 *
 * `invalid`: the value was invalidated while it was computed. `failed`: the store did not accept
 * it. `transient`: its lifetime is zero.
 */
export type StoreResult = 'stored' | 'invalid' | 'failed' | 'transient'

/** The outcome of storing a value, with the reason for `failed` if there is one. */
export interface StoreOutcome {
  readonly result: StoreResult
  readonly error?: unknown
}

/** The instance that computed a value, and how long that took. */
export type FillInfo = Pick<Entry<unknown>, 'filledBy' | 'cost'>

/** The cache's side of a fill. */
export interface FillKeeper<T> {
  /** Name of the cache that computes the value. */
  readonly name: string
  readonly defaults: Defaults
  /** Stores the fill's value. */
  store (entry: Entry<T>): Promise<StoreOutcome>
  /** Stores a value under another key. */
  storeVariant (key: string, entry: Entry<T>): Promise<StoreOutcome>
  /** Returns the stale value if it is valid now. */
  validStale (): Promise<Entry<T> | undefined>
  /** Reports the outcome to waiting callers. Only the first call has an effect. */
  finish (outcome: FillOutcome<T>): void
}

/** The outcome of a fill for waiting callers. */
export type FillOutcome<T> =
  | { readonly kind: 'value', readonly entry: Entry<T>, readonly result: StoreResult }
  | { readonly kind: 'error', readonly error?: unknown }
  | { readonly kind: 'unshared' }
  | { readonly kind: 'own' }

/**
 * The duty to compute a value, given to one caller of a key while others wait.
 *
 * It must end with exactly one of `commit`, `fail`, `abandon` or `withdraw`. Otherwise the others
 * stop waiting after the cache's `fillTimeout`.
 */
export class Fill<T> {
  readonly #begun = performance.now()

  constructor (
    readonly key: string,
    /**
     * Undefined if the store issued none: the value can be shared with waiting callers but not
     * stored.
     */
    readonly stamp: Stamp | undefined,
    /** A stale value that may be validated or stand in for a failure: see `validStale`. */
    readonly stale: Entry<T> | undefined,
    readonly keeper: FillKeeper<T>,
    readonly node: FillNode,
    readonly trace?: FillTrace
  ) {}

  /**
   * Runs the function that computes the value.
   *
   * A function that requests its own key, directly or through other fills of this process, fails
   * instead of waiting for itself.
   * @example const product = await fill.run(() => db.product('42'))
   */
  run<R>(fn: () => R): R {
    return this.trace === undefined ? this.node.run(fn) : this.trace.run(() => this.node.run(fn))
  }

  /**
   * Stores the value and passes it to waiting callers.
   *
   * Resolves when every instance can see it. The cache's defaults replace omitted options.
   * @param options called here, so that an error in it ends the flight too
   * @throws CacheError WEIR_CACHE_INVALID_DURATION, WEIR_CACHE_INVALID_TAG,
   *   WEIR_CACHE_UNSERIALIZABLE
   * @example
   * const { result } = await fill.commit(product, () => ({ ttl: '1m', tags: ['product:42'] }))
   */
  async commit (
    value: T,
    options: () => Partial<EntryOptions>
  ): Promise<{ entry: Entry<T> } & StoreOutcome> {
    this.node.ran()
    try {
      const entry = makeEntry(
        value,
        this.stamp ?? 0,
        this.keeper.defaults.entry(options()),
        this.#info()
      )
      const outcome =
        this.stamp === undefined
          ? FAILED
          : goneAt(entry) > entry.storedAt
            ? await this.keeper.store(entry)
            : TRANSIENT
      this.keeper.finish({ kind: 'value', entry, result: outcome.result })
      return { entry, ...outcome }
    } catch (error) {
      this.fail(error)
      throw error
    }
  }

  /**
   * Stores a value under another key, with the stamp of this fill.
   *
   * Call it before `commit`, which informs the waiting callers.
   * @throws CacheError like `commit`
   * @example await fill.storeVariant('42:de', product, { ttl: '1m' })
   */
  async storeVariant (
    key: string,
    value: T,
    options: Partial<EntryOptions>
  ): Promise<{ entry: Entry<T> } & StoreOutcome> {
    const entry = makeEntry(
      value,
      this.stamp ?? 0,
      this.keeper.defaults.entry(options),
      this.#info()
    )
    return {
      entry,
      ...(this.stamp === undefined ? FAILED : await this.keeper.storeVariant(key, entry))
    }
  }

  /**
   * Returns the stale value if it is still valid.
   *
   * Call it before serving the value instead of an error (RFC 5861, section 4). Undefined while the
   * store does not answer.
   * @example const standIn = await fill.validStale()
   */
  validStale (): Promise<Entry<T> | undefined> {
    return this.keeper.validStale()
  }

  /**
   * Reports to waiting callers that there is no value. Each uses a stale value or computes once for
   * itself.
   * @param error the reason, for traces
   * @example fill.fail(new Error('The origin does not answer'))
   */
  fail (error?: unknown): void {
    this.keeper.finish({ kind: 'error', error })
  }

  /**
   * Reports that a value may exist but cannot be shared: waiting callers compute side by side.
   * @example fill.abandon()
   */
  abandon (): void {
    this.keeper.finish({ kind: 'unshared' })
  }

  /**
   * Reports that the value is private to its caller, which tells nothing about the values of
   * others.
   *
   * Waiting callers start over. Those whose value may be private too (`mayBeOwn`) compute side by
   * side.
   * @example fill.withdraw()
   */
  withdraw (): void {
    this.keeper.finish({ kind: 'own' })
  }

  #info (): FillInfo {
    return {
      filledBy: this.keeper.name,
      cost: Math.min(Math.round((performance.now() - this.#begun) * 1000), LONGEST_COST)
    }
  }
}

const FAILED: StoreOutcome = { result: 'failed' }
const TRANSIENT: StoreOutcome = { result: 'transient' }

// The largest cost a frame can hold, in microseconds: 71 minutes.
const LONGEST_COST = 2 ** 32 - 1

export function makeEntry<T> (
  value: T,
  stamp: Stamp,
  options: Partial<EntryOptions>,
  { filledBy, cost }: FillInfo
): Entry<T> {
  const {
    ttl,
    staleWhileRevalidate = 0,
    staleIfError = 0,
    retain = 0,
    jitter = 0,
    tags = []
  } = options
  checkTags(tags)
  checkJitter(jitter)
  const storedAt = Date.now()
  const freshUntil = storedAt + span(ttl, 'ttl') * (1 - jitter * Math.random())
  const windows = [
    span(staleWhileRevalidate, 'staleWhileRevalidate'),
    span(staleIfError, 'staleIfError'),
    span(retain, 'retain')
  ] as const
  const [staleUntil, errorUntil] = [freshUntil + windows[0], freshUntil + windows[1]]
  const keptFor = Math.ceil(Math.max(...windows))
  return {
    value,
    stamp,
    tags,
    storedAt,
    freshUntil,
    staleUntil,
    errorUntil,
    keptFor,
    filledBy,
    cost
  }
}

export function checkJitter (jitter: unknown): void {
  if (typeof jitter === 'number' && jitter >= 0 && jitter <= 1) return
  throw new CacheError(
    'WEIR_CACHE_INVALID_OPTION',
    `jitter ${shown(jitter)}: use a number from 0 to 1`
  )
}

/** Returns the milliseconds of a duration option. */
export const span = (duration: Duration | undefined, name: string) =>
  Math.min(parseDuration(duration, name), LONGEST)
