import type { Activity } from './activity.js'
import { Counters } from './counters.js'
import { checkBy, type CounterOptions, Counting } from './counting.js'
import { Defaults } from './defaults.js'
import { type Duration, LONGEST, parseDuration } from './duration.js'
import { checkKey, type Entry, freshFor, freshness, keyTag } from './entry.js'
import { CacheError, type CacheErrorCode, shown } from './errors.js'
import { emit } from './events.js'
import { nothingBut } from './fill-context.js'
import { type EntryOptions, type Fill, makeEntry, span } from './fill.js'
import { Filling } from './filling.js'
import {
  CALL,
  checkOptions,
  checkStore,
  COUNTER,
  CREATE,
  FIND,
  FOREVER,
  MEMORY,
  WRITE
} from './known-options.js'
import { KEYS, type KeysOptions, type KeysPage } from './listing.js'
import { addLiveCache } from './live-caches.js'
import type {
  AcquireOptions,
  CacheOptions,
  CacheStats,
  FindOptions,
  Hit,
  RememberOptions,
  WriteOptions
} from './options.js'
import { type FillFunction, isDueEarly, Remembering } from './remembering.js'
import { checkPair, checkSeveral } from './several.js'
import type { Store } from './store.js'
import { StoredValues } from './stored-value.js'
import { Swapping, versionOfPresent } from './swapping.js'
import { type Found, type Inspected, isFresh, Tiers } from './tiers.js'
import { tracedStore } from './traces.js'
import type { Consistency, Stamp } from './validity.js'
import { checkVersion, type Version } from './version.js'
import { type Keys, warm, type WarmFunction, type WarmOptions, type WarmSummary } from './warm.js'
import { type ThisOf, wrap, type Wrapped, type WrapOptions } from './wrap.js'

/**
 * Creates a cache with two tiers: this instance's memory and a shared store.
 *
 * No value computed before an invalidation is served after it. Callers may receive the same object,
 * even without memory, so do not modify values.
 * @throws CacheError WEIR_CACHE_INVALID_OPTION
 * @example
 * const cache = createCache<Product>({ store: memoryStore(), namespace: 'products' })
 * const product = await cache.remember('42', { ttl: '1m', tags: ['product:42'] }, () =>
 *   db.product(42)
 * )
 * await cache.invalidate(['product:42'])
 */
export function createCache<T = unknown> (
  options: CacheOptions<T> & { readonly ttl: Duration }
): Cache<T, 'ttl'>
export function createCache<T = unknown> (options: CacheOptions<T>): Cache<T>
export function createCache<T> (options: CacheOptions<T>): Cache<T, 'ttl'> {
  return new Cache(options)
}

/**
 * A cache made by {@link createCache}. `Cache<T, 'ttl'>` has a default `ttl`: calls may omit
 * options.
 */
export class Cache<T, in Defaulted extends 'ttl' = never> {
  readonly namespace: string
  readonly name: string
  // The `ttl` of calls that do not set one.
  readonly defaultTtl: Duration | undefined
  readonly #store: Store
  readonly #tiers: Tiers<T>
  readonly #filling: Filling<T>
  readonly #remembering: Remembering<T>
  readonly #swapping: Swapping<T>
  readonly #counting: Counting<T>
  readonly #counters: Counters
  readonly #defaults: Defaults
  readonly #activity: Activity

  constructor (given: CacheOptions<T>) {
    checkOptions('', given, CREATE)
    const { store, namespace, name = '', l1 = {}, fillTimeout = '10s', ...options } = given
    if (l1 !== false) checkOptions('l1', l1, MEMORY)
    checkStore('store', store)
    checkNamespace(namespace)
    checkName(name)
    this.namespace = namespace
    this.name = name
    this.#store = store
    this.#counters = new Counters(namespace)
    const timeout = parseDuration(fillTimeout, 'fillTimeout')
    this.#defaults = new Defaults(options)
    this.defaultTtl = this.#defaults.ttl
    this.#tiers = new Tiers(
      namespace,
      tracedStore(namespace, store.namespace(namespace)),
      new StoredValues(options),
      l1
    )
    this.#filling = new Filling(this.#tiers, this.#counters, this.#defaults, name, timeout)
    this.#swapping = new Swapping(this.#tiers, this.#counters, name, timeout)
    this.#counting = new Counting(this.#swapping)
    this.#activity = this.#filling.activity
    this.#remembering = new Remembering(this.#filling, this.#counters)
    addLiveCache(this)
  }

  /**
   * Returns the value under the key, computing it with `fn` if it is missing.
   *
   * `fn` runs once, however many callers request the value meanwhile. Within
   * `staleWhileRevalidate`, a stale value is returned at once while one caller computes the next.
   * Within `staleIfError`, a stale value is returned if `fn` fails or takes longer than
   * `softTimeout`.
   * @throws the error of `fn`; CacheError for invalid options, WEIR_CACHE_FILL_TIMEOUT, and
   *   WEIR_CACHE_REENTRANT_FILL if `fn` requests its own key, directly or through the functions of
   *   other keys, including those of other instances
   * @example
   * const feed = await cache.remember(
   *   'feed',
   *   { ttl: '1m', staleIfError: '1h', softTimeout: 200, hardTimeout: '5s' },
   *   async (ctx) => {
   *     const response = await fetch(url, { signal: ctx.signal })
   *     if (!response.ok) ctx.skip()
   *     return response.text()
   *   }
   * )
   */
  remember<U extends T>(key: string, options: RememberOptions<U>, fn: FillFunction<U>): Promise<U>
  remember<U extends T>(
    this: Cache<T, Defaulted | 'ttl'>,
    key: string,
    options: Partial<RememberOptions<U>>,
    fn: FillFunction<U>
  ): Promise<U>
  remember<U extends T>(
    this: Cache<T, Defaulted | 'ttl'>,
    key: string,
    fn: FillFunction<U>
  ): Promise<U>
  remember<U extends T>(
    key: string,
    given: Partial<RememberOptions<U>> | FillFunction<U>,
    fn?: FillFunction<U>
  ): Promise<U> {
    const hit = this.lookup(key)
    const options: Partial<RememberOptions<U>> =
      given === undefined || typeof given === 'function' ? NO_OPTIONS : given
    if (hit !== undefined && !hit.stale) {
      const { earlyRefresh = this.#defaults.earlyRefresh } = options
      // The cast relies on the caller: a key always holds the type that its `fn` returns.
      if (!earlyRefresh || !isDueEarly(hit.entry, Date.now())) {
        return Promise.resolve(hit.entry.value as U)
      }
    }
    return this.#remembering.remember(key, options, typeof given === 'function' ? given : fn, hit)
  }

  /**
   * Memoizes a function for the whole fleet, storing its values as `remember` does.
   *
   * The key consists of the function's name and its arguments; the order of object members does not
   * matter. `this` is passed on, but is part of the key only if the `key` option includes it. Use
   * `key` to leave out arguments that are not data, such as an AbortSignal. Wrap a function once,
   * where it is defined.
   * @throws CacheError WEIR_CACHE_INVALID_OPTION, WEIR_CACHE_INVALID_DURATION,
   *   WEIR_CACHE_INVALID_TAG, WEIR_CACHE_NAME_TAKEN; a call rejects like `remember`, and with
   *   WEIR_CACHE_INVALID_ARGUMENT for an argument that cannot be part of a key
   * @example
   * const product = cache.wrap(
   *   async function product(id: string) {
   *     return db.product(id)
   *   },
   *   { ttl: '1m' }
   * )
   * await product('42')
   * await product.invalidate('42')
   * await product.clear()
   */
  wrap<F extends (...args: never[]) => T | Promise<T>>(
    fn: F,
    options: WrapOptions<Parameters<F>, Awaited<ReturnType<F>>, ThisOf<F>>
  ): Wrapped<F>
  wrap<F extends (...args: never[]) => T | Promise<T>>(
    this: Cache<T, Defaulted | 'ttl'>,
    fn: F,
    options?: Partial<WrapOptions<Parameters<F>, Awaited<ReturnType<F>>, ThisOf<F>>>
  ): Wrapped<F>
  wrap<F extends (...args: never[]) => T | Promise<T>>(
    fn: F,
    options: Partial<WrapOptions<Parameters<F>, Awaited<ReturnType<F>>, ThisOf<F>>> = {}
  ): Wrapped<F> {
    return wrap<T, F>(this, fn, options)
  }

  /**
   * Computes the values of keys that have no fresh one, a few at a time.
   *
   * Call it before traffic arrives, or at night. Freshness is checked for many keys at once; a key
   * that `remember` or another instance is computing is not computed twice. An iterable is read as
   * the work proceeds. A key that fails does not stop the warming: the summary reports it.
   * @throws CacheError WEIR_CACHE_INVALID_OPTION, WEIR_CACHE_INVALID_DURATION; the signal's reason;
   *   any error that the iterable or `onProgress` throws
   * @example
   * const summary = await cache.warm(['1', '2', '3'], { ttl: '1h', concurrency: 2 }, (id) =>
   *   db.product(id)
   * )
   * console.log(`${summary.filled} filled, ${summary.failed} failed`)
   */
  warm<U extends T>(keys: Keys, options: WarmOptions<U>, fn: WarmFunction<U>): Promise<WarmSummary>
  warm<U extends T>(
    this: Cache<T, Defaulted | 'ttl'>,
    keys: Keys,
    options: Partial<WarmOptions<U>>,
    fn: WarmFunction<U>
  ): Promise<WarmSummary>
  warm<U extends T>(
    keys: Keys,
    options: Partial<WarmOptions<U>>,
    fn: WarmFunction<U>
  ): Promise<WarmSummary> {
    return warm(this.#filling, keys, options, fn)
  }

  /**
   * Returns the fresh value under the key, or undefined if there is none.
   *
   * A stored `undefined` looks the same as a missing value.
   * @example const product = await cache.get('42') ?? await db.product('42')
   */
  async get (key: string): Promise<T | undefined> {
    return (await this.find(key, { accept: 'fresh' }))?.entry.value
  }

  /**
   * Returns the fresh values of several keys, in their order, with a single read of the store.
   * @example const [first, second] = await cache.getMany(['1', '2'])
   */
  async getMany (keys: readonly string[]): Promise<(T | undefined)[]> {
    checkSeveral('keys', keys)
    keys.forEach(checkKey)
    const distinct = [...new Set(keys)]
    const found =
      (await this.#counters.read(distinct.join(' '), this.#tiers.findMany(distinct))) ?? []
    const values = new Map(
      distinct.map((key, i) => [key, this.#fresh(key, found[i])?.entry.value])
    )
    return keys.map((key) => values.get(key))
  }

  /**
   * Reports whether the key has a fresh value.
   * @example if (!await cache.has('42')) console.log('42 has to be computed')
   */
  async has (key: string): Promise<boolean> {
    return (await this.find(key, { accept: 'fresh' })) !== undefined
  }

  /**
   * Replaces the key's value on every instance.
   *
   * Returns false if the value was not stored, because the key or one of the tags was invalidated
   * after the call began, or because the store lost its records. When several values are set at the
   * same time, the last one to reach the store wins.
   * @throws CacheError for invalid options, WEIR_CACHE_UNSERIALIZABLE, WEIR_CACHE_VALUE_TOO_LARGE,
   *   WEIR_CACHE_STORE_FAILED
   * @example
   * const isKept = await cache.set('42', await db.product('42'), {
   *   ttl: '1m',
   *   tags: ['product:42']
   * })
   */
  set (key: string, value: T, options: EntryOptions & WriteOptions): Promise<boolean>
  set (
    this: Cache<T, Defaulted | 'ttl'>,
    key: string,
    value: T,
    options?: Partial<EntryOptions> & WriteOptions
  ): Promise<boolean>
  async set (
    key: string,
    value: T,
    given: Partial<EntryOptions> & WriteOptions = {}
  ): Promise<boolean> {
    checkKey(key)
    checkOptions('', given, CALL)
    const { consistency = 'strict', ...options } = given
    const entry = makeEntry(value, 0, this.#defaults.entry(options), {
      filledBy: this.name,
      cost: 0
    })
    return this.#asked('store the value', this.#put(key, entry, consistency === 'strict'))
  }

  /**
   * Sets all entries concurrently, in about the time of a single `set`.
   *
   * If a key occurs twice, the last entry wins.
   * @returns for each entry, in order, whether it was stored
   * @throws CacheError like `set`; some entries may have been stored
   * @example await cache.setMany(products.map((product) => [product.id, product]), { ttl: '1m' })
   */
  setMany (
    entries: Iterable<readonly [key: string, value: T]>,
    options: EntryOptions & WriteOptions
  ): Promise<boolean[]>
  setMany (
    this: Cache<T, Defaulted | 'ttl'>,
    entries: Iterable<readonly [key: string, value: T]>,
    options?: Partial<EntryOptions> & WriteOptions
  ): Promise<boolean[]>
  async setMany (
    entries: Iterable<readonly [key: string, value: T]>,
    given: Partial<EntryOptions> & WriteOptions = {}
  ): Promise<boolean[]> {
    checkSeveral('entries', entries)
    checkOptions('', given, CALL)
    const { consistency = 'strict', ...options } = given
    const pairs = [...entries]
    pairs.forEach(checkPair)
    const whole = this.#defaults.entry(options)
    const made = new Map(
      pairs.map(([key, value]) => {
        checkKey(key)
        return [key, makeEntry(value, 0, whole, { filledBy: this.name, cost: 0 })]
      })
    )
    const stored = new Map<string, boolean>()
    await this.#asked(
      'store the values',
      Promise.all(
        Array.from(made, async ([key, entry]) => {
          stored.set(key, await this.#put(key, entry, false))
        })
      )
    )
    if (consistency === 'strict' && made.size > 0) await this.#tiers.validity.waitForLeases()
    return pairs.map(([key]) => stored.get(key) === true)
  }

  /**
   * Sets a value that does not expire.
   *
   * The value stays until it is replaced, invalidated or evicted from the store for lack of room.
   * @throws CacheError like `set`
   * @example await cache.forever('countries', await db.countries(), { tags: ['geography'] })
   */
  async forever (
    key: string,
    value: T,
    options: Pick<EntryOptions, 'tags'> & WriteOptions = {}
  ): Promise<boolean> {
    checkOptions('', options, FOREVER)
    return this.set(key, value, { ...options, ...nothingBut(LONGEST) })
  }

  /**
   * Stores a value only if the key has no fresh one.
   *
   * Exactly one of the concurrent callers in the fleet gets true. A value that this instance cannot
   * read, because of its serializer, compression or size, counts as present.
   * @throws CacheError like `set`; after WEIR_CACHE_STORE_FAILED the value may have been stored
   * @example if (await cache.add(`paid:${id}`, true, { ttl: '1d' })) await pay(id)
   */
  add (key: string, value: T, options: EntryOptions & WriteOptions): Promise<boolean>
  add (
    this: Cache<T, Defaulted | 'ttl'>,
    key: string,
    value: T,
    options?: Partial<EntryOptions> & WriteOptions
  ): Promise<boolean>
  async add (
    key: string,
    value: T,
    given: Partial<EntryOptions> & WriteOptions = {}
  ): Promise<boolean> {
    checkKey(key)
    checkOptions('', given, CALL)
    const { consistency, ...options } = given
    return this.#asked(
      'add the value',
      this.#swapping.add(key, value, this.#defaults.entry(options), consistency !== 'bounded'),
      UNCERTAIN
    )
  }

  /**
   * Deletes the fresh value under the key and returns it; one of the concurrent callers gets it.
   *
   * Returns undefined if there is none. A value that this instance cannot read stays.
   * @throws CacheError WEIR_CACHE_STORE_FAILED: the value may have been deleted
   * @example const pageviews = await cache.pull('pageviews')
   */
  async pull (key: string, options: WriteOptions = {}): Promise<T | undefined> {
    checkKey(key)
    const consistency = consistencyOf(options)
    const entry = await this.#asked(
      'pull the value',
      this.#swapping.pull(key, consistency !== 'bounded'),
      UNCERTAIN
    )
    return this.#counted(key, entry)?.value
  }

  /**
   * Gives the fresh value under the key a new lifetime, starting now.
   *
   * The stale windows move with it. A concurrent write is never undone. Returns false if there is
   * no fresh value.
   * @throws CacheError WEIR_CACHE_INVALID_DURATION, WEIR_CACHE_STORE_FAILED
   * @example await cache.touch(`session:${id}`, '30m')
   */
  async touch (key: string, ttl: Duration, options: WriteOptions = {}): Promise<boolean> {
    checkKey(key)
    const consistency = consistencyOf(options)
    const lifetime = span(ttl, 'ttl')
    return this.#asked(
      'touch the value',
      this.#swapping.touch(key, lifetime, consistency !== 'bounded'),
      UNCERTAIN
    )
  }

  /**
   * Returns the milliseconds for which the key's value stays fresh.
   *
   * Infinity if the value does not expire, undefined if there is none.
   * @example const left = await cache.ttl('feed')
   */
  async ttl (key: string): Promise<number | undefined> {
    const hit = await this.find(key, { accept: 'fresh' })
    return hit && freshFor(hit.entry)
  }

  /**
   * Reads the fresh value from the store, never from memory, with its version.
   *
   * Pass the version to {@link compareAndSet}. An absent value has a version too. A value that this
   * instance cannot read is undefined, with a version of its own. A counter's version represents
   * its number: the same number always has the same version.
   * @throws CacheError WEIR_CACHE_STORE_FAILED
   * @example
   * const { value = [], version } = await cache.getWithVersion('cart')
   * const isSaved = await cache.compareAndSet('cart', version, [...value, item], { ttl: '1d' })
   */
  async getWithVersion (
    key: string
  ): Promise<{ readonly value: T | undefined; readonly version: Version }> {
    checkKey(key)
    const present = await this.#asked('return the value', this.#swapping.read(key))
    return {
      value: this.#counted(key, present.isPresent ? present.entry : undefined)?.value,
      version: versionOfPresent(present)
    }
  }

  /**
   * Sets a value only if the key still has the given version.
   *
   * One of the callers with the same version succeeds.
   * @throws CacheError WEIR_CACHE_INVALID_VERSION, and like `set`; after WEIR_CACHE_STORE_FAILED
   *   the value may have been stored
   * @example await cache.compareAndSet('cart', version, cart, { ttl: '1d' })
   */
  compareAndSet (
    key: string,
    version: Version,
    value: T,
    options: EntryOptions & WriteOptions
  ): Promise<boolean>
  compareAndSet (
    this: Cache<T, Defaulted | 'ttl'>,
    key: string,
    version: Version,
    value: T,
    options?: Partial<EntryOptions> & WriteOptions
  ): Promise<boolean>
  async compareAndSet (
    key: string,
    version: Version,
    value: T,
    given: Partial<EntryOptions> & WriteOptions = {}
  ): Promise<boolean> {
    checkKey(key)
    checkVersion(version)
    checkOptions('', given, CALL)
    const { consistency, ...options } = given
    const swapped = this.#swapping.compareAndSet(
      key,
      version,
      value,
      this.#defaults.entry(options),
      consistency !== 'bounded'
    )
    return this.#asked('compare and set the value', swapped, UNCERTAIN)
  }

  /**
   * Adds to the number under the key, atomically across the fleet.
   *
   * A key without a fresh value starts at 0; only then do `ttl` (default: no expiry) and `tags`
   * apply. All other methods treat the number like any value.
   * @returns the sum
   * @throws CacheError WEIR_CACHE_NOT_A_NUMBER, WEIR_CACHE_NUMBER_TOO_LARGE: the value is
   *   unchanged; WEIR_CACHE_STORE_FAILED: the increment may have been applied, and is not retried
   * @example const views = await cache.increment(`views:${id}`)
   */
  async increment (key: string, by = 1, options: CounterOptions = {}): Promise<number> {
    checkKey(key)
    checkBy(by)
    checkOptions('', options, COUNTER)
    return this.#asked(
      'confirm the increment',
      this.#counting.increment(key, by, {
        ...options,
        tags: this.#defaults.tags(options.tags ?? [])
      }),
      UNCERTAIN
    )
  }

  /**
   * Subtracts from the number under the key: {@link increment} with a negated amount.
   * @example const left = await cache.decrement('stock:42')
   */
  async decrement (key: string, by = 1, options: CounterOptions = {}): Promise<number> {
    checkBy(by)
    return this.increment(key, -by, options)
  }

  /**
   * Invalidates the key on every instance, including a fill in progress.
   * @throws CacheError like `invalidate`
   * @example await cache.delete('42')
   */
  async delete (key: string, options: WriteOptions = {}): Promise<void> {
    await this.deleteMany([key], options)
  }

  /**
   * Deletes all keys with a single invalidation.
   * @throws CacheError like `invalidate`
   * @example await cache.deleteMany(['1', '2'])
   */
  async deleteMany (keys: Iterable<string>, options: WriteOptions = {}): Promise<void> {
    checkSeveral('keys', keys)
    const consistency = consistencyOf(options)
    const distinct = [...new Set(keys)]
    distinct.forEach(checkKey)
    if (distinct.length === 0) return
    const stamp = await this.#invalidate(distinct.map(keyTag), consistency)
    // Deleting the invalid entry is best effort: if it fails, the entry expires. Later entries
    // stay.
    await this.#activity.during(
      Promise.all(
        distinct.map((key) =>
          this.#tiers.entries.delete(key, stamp).catch((error: unknown) => {
            this.#counters.failed('write', key, error)
          })
        )
      )
    )
  }

  /**
   * Invalidates every entry that carries one of the tags, including fills in progress.
   *
   * When the promise resolves, no instance serves any of them. The cost depends on the number of
   * tags, not of entries.
   * @throws CacheError WEIR_CACHE_INVALID_TAG; WEIR_CACHE_STORE_FAILED: nothing is invalidated
   * @example await cache.invalidate(['product:42', 'products'])
   */
  async invalidate (tags: readonly string[], options: WriteOptions = {}): Promise<void> {
    const consistency = consistencyOf(options)
    const whole = this.#defaults.tags(tags)
    if (whole.length > 0) await this.#invalidate(whole, consistency)
  }

  /**
   * Invalidates everything in a namespace, by default this cache's own.
   * @throws CacheError WEIR_CACHE_INVALID_OPTION, WEIR_CACHE_STORE_FAILED
   * @example await cache.clear()
   */
  async clear (namespace = this.namespace, options: WriteOptions = {}): Promise<void> {
    checkNamespace(namespace)
    const consistency = consistencyOf(options)
    const stamp = await this.#asked(
      'clear',
      tracedStore(namespace, this.#store.namespace(namespace)).validity.clear(consistency)
    )
    if (namespace === this.namespace) this.#tiers.clearMemory()
    emit('weir:cache:clear', () => ({ namespace, name: this.name, stamp }))
  }

  /**
   * Evicts the key's entry from this instance's memory.
   *
   * The store keeps the entry, so the next read is answered from there.
   * @example cache.evict('42')
   */
  evict (key: string): void {
    checkKey(key)
    this.#tiers.evict(key)
  }

  /**
   * Returns the key's entries in memory and in the store, usable or not, for diagnosis.
   *
   * Inspecting affects neither counters nor entries.
   * @throws CacheError WEIR_CACHE_STORE_FAILED
   * @example
   * const { store } = await cache.inspect('42')
   * console.log(store?.valid, store?.entry.tags, store?.entry.filledBy)
   */
  inspect (
    key: string
  ): Promise<{ readonly memory?: Inspected<T>; readonly store?: Inspected<T> }> {
    checkKey(key)
    return this.#asked('return the entries', this.#tiers.inspect(key))
  }

  /**
   * Lists one page of the keys in the store, with the metadata of their entries, valid or not.
   *
   * For tools and diagnosis. Each page takes a bounded time of the store, however many keys there
   * are. A key that exists during the whole listing is on a page, and may be on two.
   * @throws CacheError WEIR_CACHE_CANNOT_LIST (a store in Memcached), WEIR_CACHE_INVALID_CURSOR,
   *   WEIR_CACHE_STORE_FAILED
   * @example
   * let cursor: string | undefined
   * do {
   *   const page = await cache.keys({ cursor, limit: 100 })
   *   for (const { key, entry } of page.keys) console.log(key, entry?.tags)
   *   cursor = page.cursor
   * } while (cursor !== undefined)
   */
  async keys (options: KeysOptions = {}): Promise<KeysPage> {
    checkOptions('', options, KEYS)
    return this.#asked('list its keys', this.#tiers.keys(options.cursor, options.limit ?? 100))
  }

  /**
   * Counts the entries in this instance's memory that carry one of the tags. Visits every entry.
   * @example const count = cache.countInMemory(['products'])
   */
  countInMemory (tags: readonly string[]): number {
    return this.#tiers.countInMemory(this.#defaults.tags(tags))
  }

  /**
   * Waits until this instance has no fill, background refresh or write in progress.
   *
   * Call it before assertions and before the store is closed. Resolves to true, or to false after
   * `fillTimeout`.
   * @example
   * await cache.remember('feed', { ttl: '1m', staleWhileRevalidate: '1h' }, fetchFeed)
   * await cache.idle()
   * await store.close()
   */
  idle (): Promise<boolean> {
    return this.#activity.idle()
  }

  /**
   * Returns this instance's counters since the cache was created.
   *
   * The counters cover hits by source, misses, stores, errors and memory.
   * @example
   * const { hits, misses } = cache.stats()
   * console.log(`${hits.l1} hits in memory, ${hits.l2} in the store, ${misses} misses`)
   */
  stats (): CacheStats {
    const { hits, stale, misses, savedMicros, stores, invalidations, errors } = this.#counters
    const memory = this.#tiers.l1
    return {
      hits: { ...hits },
      stale,
      misses,
      savedMicros,
      stores,
      invalidations,
      errors,
      discarded: this.#tiers.discarded,
      l1: {
        entries: memory?.size ?? 0,
        bytes: memory?.bytes ?? 0,
        evictions: memory?.evictions ?? 0
      },
      flights: this.#filling.flights
    }
  }

  /**
   * Returns a usable value from memory, synchronously.
   *
   * `lookup`, `acquire` and `revalidate` are the building blocks for callers that cannot pass a
   * function, such as the hooks of an HTTP server.
   * @example const value = cache.lookup('42')?.entry.value
   */
  lookup (key: string): Hit<T> | undefined {
    return this.#filling.usable(key, this.#peek(key))
  }

  /**
   * Returns a value from memory or the store that is fresh enough for the caller.
   * @example
   * const hit = await cache.find('42', { accept: 'retained' })
   * console.log(hit?.source, hit?.stale, hit?.entry.value)
   */
  async find (key: string, options: FindOptions = {}): Promise<Hit<T> | undefined> {
    checkKey(key)
    const { accept = 'stale' } = options
    const peeked = this.#peek(key)
    if (peeked !== undefined && accept !== 'retained') {
      const hit =
        accept === 'fresh' && !isFresh(peeked) ? undefined : this.#filling.usable(key, peeked)
      if (hit !== undefined) return hit
    }
    checkFind(accept, options.onOutage)
    const answer = await this.#filling.find(key)
    if (accept === 'fresh') return this.#fresh(key, answer?.found)
    if (accept === 'retained') {
      return answer?.found && { ...answer.found, stale: !isFresh(answer.found) }
    }
    return answer === undefined
      ? this.#filling.unverified(key, options)
      : this.#filling.usable(key, answer.found)
  }

  /**
   * Returns a usable value, or a fill: the duty to compute it.
   *
   * While one caller computes the value, in this process or another one on the same store, the
   * others wait. A waiter accepts only values that are valid for it: if a fill began before the
   * waiter arrived and was invalidated before it finished, the waiter starts over. If the fill
   * fails, each waiter gets a fill of its own.
   * @throws CacheError WEIR_CACHE_REENTRANT_FILL within a fill that this call would wait for
   *   forever
   * @example
   * const got = await cache.acquire('42')
   * if (got instanceof Fill) {
   *   try {
   *     await got.commit(await got.run(() => db.product('42')), () => ({ ttl: '1m' }))
   *   } catch (error) {
   *     got.fail(error)
   *   }
   * }
   */
  async acquire (key: string, options: AcquireOptions = {}): Promise<Hit<T> | Fill<T>> {
    checkKey(key)
    checkFind(undefined, options.onOutage)
    return this.#activity.during(this.#filling.acquire(key, options))
  }

  /**
   * Returns a fill that replaces a stale value, or undefined if none is needed.
   *
   * None is needed if another caller is revalidating the value, has done so, or found nothing to
   * share within the last 10 s. A value past its stale-while-revalidate window was served because a
   * fill had just failed, so the next caller tries again.
   * @example
   * const hit = cache.lookup('42')
   * if (hit?.stale) {
   *   const fill = await cache.revalidate('42', hit.entry)
   *   await fill?.commit(await db.product('42'), () => ({ ttl: '1m' }))
   * }
   */
  revalidate (key: string, stale: Entry<T>): Promise<Fill<T> | undefined> {
    return this.#activity.during(this.#filling.revalidate(key, stale))
  }

  /**
   * Any invalidation that begins after this call applies to the value, however late the store
   * executes it.
   */
  async #put (key: string, entry: Entry<T>, wait: boolean): Promise<boolean> {
    const stamp = await this.#tiers.validity.callStamp()
    try {
      const stored = await this.#tiers.replace(key, { ...entry, stamp }, Infinity, { wait })
      if (stored) this.#counters.stores++
      return stored
    } catch (error) {
      // Memory must not keep a value that the store rejected.
      this.#tiers.evict(key)
      throw error
    }
  }

  /** Judges the entry like a read, for stores that can do so synchronously. */
  #peek (key: string): Found<T> | undefined {
    try {
      return this.#tiers.peek(key)
    } catch (error) {
      this.#counters.failed('read', key, error)
      return undefined
    }
  }

  /** Counts an entry from the store as a hit or a miss. */
  #counted (key: string, entry: Entry<T> | undefined): Entry<T> | undefined {
    if (entry === undefined) this.#counters.miss(key)
    else this.#counters.hit(key, { entry, source: 'l2', stale: false })
    return entry
  }

  #fresh (key: string, found: Found<T> | undefined): Hit<T> | undefined {
    if (found !== undefined && freshness(found.entry, Date.now()) === 'fresh') {
      return this.#counters.hit(key, { ...found, stale: false })
    }
    this.#counters.miss(key)
    return undefined
  }

  async #invalidate (
    tags: readonly string[],
    consistency: Consistency | undefined
  ): Promise<Stamp> {
    const stamp = await this.#asked(
      'invalidate',
      this.#tiers.validity.invalidate(tags, consistency)
    )
    this.#counters.invalidations++
    const { namespace, name } = this
    emit('weir:cache:invalidate', () => ({ namespace, name, tags, stamp }))
    return stamp
  }

  async #asked<R>(
    what: string,
    answer: Promise<R>,
    rest = 'the operation was not done'
  ): Promise<R> {
    try {
      return await this.#activity.during(answer)
    } catch (cause) {
      if (cause instanceof CacheError && !UNANSWERED.includes(cause.code)) throw cause
      this.#counters.errors++
      throw new CacheError('WEIR_CACHE_STORE_FAILED', `${what}: see the cause; ${rest}`, { cause })
    }
  }
}

const NO_OPTIONS = {}

// Errors that only mean that the store did not answer.
const UNANSWERED: readonly CacheErrorCode[] = [
  'WEIR_CACHE_STORE_UNAVAILABLE',
  'WEIR_CACHE_STORE_TIMEOUT'
]

function consistencyOf (options: WriteOptions): Consistency | undefined {
  checkOptions('', options, WRITE)
  return options.consistency
}

/** Unknown names are allowed: a server's hooks pass on the options of their route. */
function checkFind (accept: FindOptions['accept'], onOutage: FindOptions['onOutage']): void {
  if (accept !== undefined) FIND.accept(accept, 'accept')
  if (onOutage !== undefined) FIND.onOutage(onOutage, 'onOutage')
}

// A command may have been executed even though its answer was lost.
const UNCERTAIN =
  'it may have been done, and is not retried: read the value before you retry'

function checkName (name: unknown): void {
  if (typeof name === 'string' && name.length <= 255) return
  throw new CacheError(
    'WEIR_CACHE_INVALID_OPTION',
    `name ${shown(name)}: use a string of up to 255 characters`
  )
}

function checkNamespace (name: unknown): void {
  if (typeof name === 'string' && /^[\w.-]+$/.test(name)) return
  throw new CacheError(
    'WEIR_CACHE_INVALID_OPTION',
    `namespace ${shown(name)}: use letters, digits, '.', '_' and '-'`
  )
}
