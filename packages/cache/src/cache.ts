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
  COUNTER,
  CREATE,
  FIND,
  FOREVER,
  MEMORY,
  WRITE
} from './known-options.js'
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
 * A cache of two tiers, this instance's memory before a shared store, in which no value computed
 * before an invalidation is served after it. Values are shared, without memory too: callers may get
 * the same object, so do not change it.
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
 * See {@link createCache}. `Cache<T, 'ttl'>` has a `ttl` by default: calls may leave out their
 * options.
 */
export class Cache<T, in Defaulted extends 'ttl' = never> {
  readonly namespace: string
  readonly name: string
  // The lifetime of values whose calls leave it out.
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
   * The value under the key, computed by `fn` if there is none: once, however many callers ask for
   * it meanwhile. A stale value within its window is returned at once while one caller computes the
   * next; within `staleIfError` it is returned if `fn` fails, or takes longer than `softTimeout`.
   * @throws what `fn` throws; CacheError for invalid options, WEIR_CACHE_FILL_TIMEOUT, and
   *   WEIR_CACHE_REENTRANT_FILL if `fn` asks for its own key, directly or through the functions of
   *   other keys, of other instances too
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
      // A key holds what its fn returned: that this is always of one type is the caller's claim.
      if (!earlyRefresh || !isDueEarly(hit.entry, Date.now())) {
        return Promise.resolve(hit.entry.value as U)
      }
    }
    return this.#remembering.remember(key, options, typeof given === 'function' ? given : fn, hit)
  }

  /**
   * The function with its values kept, as `remember` keeps them: once per key, for the whole fleet.
   * The key is the function's name and its arguments, in whatever order their members are; `this`
   * is passed on and no part of it, unless `key` says so. What of the arguments is no data, such as
   * an AbortSignal, is left out by `key`. Wrap a function once, where it is defined.
   * @throws CacheError WEIR_CACHE_INVALID_OPTION, WEIR_CACHE_INVALID_DURATION,
   *   WEIR_CACHE_INVALID_TAG, WEIR_CACHE_NAME_TAKEN; a call rejects as `remember` does, and with
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
   * Computes the values of those keys that have no fresh one, a few at a time: before traffic
   * comes, or at night. Freshness is asked for many keys at once; a key that `remember` or another
   * instance computes meanwhile is not computed twice. The next keys of an iterable are taken as
   * the work goes on. A key that fails does not end it: the summary tells.
   * @throws CacheError WEIR_CACHE_INVALID_OPTION, WEIR_CACHE_INVALID_DURATION; the signal's reason;
   *   what the iterable or `onProgress` throws
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
   * The fresh value under the key; undefined if there is none, or if `undefined` itself is kept.
   * @example const product = await cache.get('42') ?? await db.product('42')
   */
  async get (key: string): Promise<T | undefined> {
    return (await this.find(key, { accept: 'fresh' }))?.entry.value
  }

  /**
   * As `get` for each key, in their order, with one read of the store for all.
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
   * Whether there is a fresh value under the key.
   * @example if (!await cache.has('42')) console.log('42 has to be computed')
   */
  async has (key: string): Promise<boolean> {
    return (await this.find(key, { accept: 'fresh' })) !== undefined
  }

  /**
   * Puts a value in place of the key's present one, for every instance. False if the value is not
   * kept, because one of its tags or the key was invalidated since the call, or the store has lost
   * its records. Of values that are set at the same time, the one that reaches the store last
   * stays.
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
   * Sets all entries at once, in the time that one takes. The last of two entries for the same key
   * counts.
   * @returns for each whether it is kept, in their order
   * @throws CacheError as `set`; some of the entries may be stored then
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
   * Sets a value without an end: it is kept until it is replaced or invalidated, or the store has
   * no room for it.
   * @throws CacheError as `set`
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
   * Stores a value only if there is no fresh one: of many callers in the fleet that do so at once,
   * exactly one gets true. A value that this instance cannot read, by its serializer, compression
   * or size, is there as well.
   * @throws CacheError as `set`; by WEIR_CACHE_STORE_FAILED it may be stored all the same
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
   * The fresh value under the key, which is deleted: of callers that pull at once, one gets it.
   * Undefined if there is none; one that this instance cannot read stays.
   * @throws CacheError WEIR_CACHE_STORE_FAILED: it may be deleted all the same
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
   * Gives the fresh value under the key a new lifetime, from now. Its stale windows move along. The
   * value of a write at the same time is never undone. False if there is no fresh value.
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
   * Milliseconds for which the value under the key is still fresh: Infinity if it has no end,
   * undefined if there is none.
   * @example const left = await cache.ttl('feed')
   */
  async ttl (key: string): Promise<number | undefined> {
    const hit = await this.find(key, { accept: 'fresh' })
    return hit && freshFor(hit.entry)
  }

  /**
   * The fresh value under the key as the store has it, never from memory, and its version for
   * {@link compareAndSet}. That there is none is a version, too. A value that this instance cannot
   * read is undefined, and has its own version. That of a counter stands for its number: the same
   * number has it again.
   * @throws CacheError WEIR_CACHE_STORE_FAILED
   * @example
   * const { value = [], version } = await cache.getWithVersion('cart')
   * const isSaved = await cache.compareAndSet('cart', version, [...value, item], { ttl: '1d' })
   */
  async getWithVersion (
    key: string
  ): Promise<{ readonly value: T | undefined; readonly version: Version }> {
    checkKey(key)
    const present = await this.#asked('give the value', this.#swapping.read(key))
    return {
      value: this.#counted(key, present.isPresent ? present.entry : undefined)?.value,
      version: versionOfPresent(present)
    }
  }

  /**
   * Sets a value only if the key still has the version; one of the callers with the same version
   * succeeds.
   * @throws CacheError WEIR_CACHE_INVALID_VERSION, and as `set`; by WEIR_CACHE_STORE_FAILED it may
   *   be stored all the same
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
   * Adds to the number under the key, atomically in the fleet. A key without a fresh value begins
   * at 0: only then `ttl` (default: without end) and `tags` count. All other methods take the
   * number for a value like any.
   * @returns the sum
   * @throws CacheError WEIR_CACHE_NOT_A_NUMBER, WEIR_CACHE_NUMBER_TOO_LARGE: the value is
   *   unchanged; WEIR_CACHE_STORE_FAILED: it may have been counted. It is never tried again by
   *   itself
   * @example const views = await cache.increment(`views:${id}`)
   */
  async increment (key: string, by = 1, options: CounterOptions = {}): Promise<number> {
    checkKey(key)
    checkBy(by)
    checkOptions('', options, COUNTER)
    return this.#asked(
      'say whether it has counted',
      this.#counting.increment(key, by, {
        ...options,
        tags: this.#defaults.tags(options.tags ?? [])
      }),
      UNCERTAIN
    )
  }

  /**
   * Subtracts from the number under the key: {@link increment} by the negative.
   * @example const left = await cache.decrement('stock:42')
   */
  async decrement (key: string, by = 1, options: CounterOptions = {}): Promise<number> {
    checkBy(by)
    return this.increment(key, -by, options)
  }

  /**
   * Invalidates the key for every instance, a fill of it under way included.
   * @throws CacheError as `invalidate`
   * @example await cache.delete('42')
   */
  async delete (key: string, options: WriteOptions = {}): Promise<void> {
    await this.deleteMany([key], options)
  }

  /**
   * Deletes all keys by one invalidation.
   * @throws CacheError as `invalidate`
   * @example await cache.deleteMany(['1', '2'])
   */
  async deleteMany (keys: Iterable<string>, options: WriteOptions = {}): Promise<void> {
    checkSeveral('keys', keys)
    const consistency = consistencyOf(options)
    const distinct = [...new Set(keys)]
    distinct.forEach(checkKey)
    if (distinct.length === 0) return
    const stamp = await this.#invalidate(distinct.map(keyTag), consistency)
    // An invalid entry may as well go at once; if it does not, it ends by itself. A later one
    // stays.
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
   * Invalidates every entry that carries one of the tags, and every fill under way that will. When
   * it resolves, no instance serves any of them. The cost grows with the tags, not with the
   * entries.
   * @throws CacheError WEIR_CACHE_INVALID_TAG; WEIR_CACHE_STORE_FAILED: nothing is invalidated
   * @example await cache.invalidate(['product:42', 'products'])
   */
  async invalidate (tags: readonly string[], options: WriteOptions = {}): Promise<void> {
    const consistency = consistencyOf(options)
    const whole = this.#defaults.tags(tags)
    if (whole.length > 0) await this.#invalidate(whole, consistency)
  }

  /**
   * Invalidates everything in a namespace, this cache's own by default.
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
    emit('weir:cache:clear', () => ({ namespace, stamp }))
  }

  /**
   * Drops the key's entry from this instance's memory. The store keeps it: the next read is one
   * from there.
   * @example cache.evict('42')
   */
  evict (key: string): void {
    checkKey(key)
    this.#tiers.evict(key)
  }

  /**
   * The entries under the key in this instance's memory and in the store, whether they may be used
   * or not, for diagnosis. Inspecting affects neither counters nor entries.
   * @throws CacheError WEIR_CACHE_STORE_FAILED
   * @example
   * const { store } = await cache.inspect('42')
   * console.log(store?.valid, store?.entry.tags, store?.entry.filledBy)
   */
  inspect (
    key: string
  ): Promise<{ readonly memory?: Inspected<T>; readonly store?: Inspected<T> }> {
    checkKey(key)
    return this.#asked('look into it', this.#tiers.inspect(key))
  }

  /**
   * How many entries of this instance's memory an invalidation of these tags would end. Looks at
   * each entry.
   * @example const count = cache.countInMemory(['products'])
   */
  countInMemory (tags: readonly string[]): number {
    return this.#tiers.countInMemory(this.#defaults.tags(tags))
  }

  /**
   * Resolves when no fill, no refresh in the background and no write of this instance is under way:
   * before assertions, and before the store is closed. True, or false if that takes longer than
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
   * Counts of this instance since it was made: hits by source, misses, stores, errors, and its
   * memory.
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
   * A value in memory that may be used, without waiting. With `acquire` and `revalidate` the
   * building block for callers that cannot hand over a function, such as an HTTP server's hooks.
   * @example const value = cache.lookup('42')?.entry.value
   */
  lookup (key: string): Hit<T> | undefined {
    return this.#filling.usable(key, this.#peek(key))
  }

  /**
   * A value in memory or in the store that is fresh enough for the caller.
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
   * A value that may be used, or the duty to compute it. While one caller has the duty, in this
   * process or in another that shares the store, the others wait for its end, but take only what is
   * valid for them: a value whose fill began before they came, and that was invalidated before it
   * ended, may be too old for them, and they start over. If the fill fails, each of them gets a
   * duty of its own.
   * @throws CacheError WEIR_CACHE_REENTRANT_FILL within a fill that this would wait for for ever
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
   * The duty to replace a stale value, unless another caller has it already, has done it, or has
   * found nothing to share within the last 10 s. A value past its stale-while-revalidate window was
   * served because a fill has just failed: the next caller tries again.
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
   * An invalidation that begins after this call ends the value, however late the store executes it.
   */
  async #put (key: string, entry: Entry<T>, wait: boolean): Promise<boolean> {
    const stamp = await this.#tiers.validity.callStamp()
    try {
      const stored = await this.#tiers.replace(key, { ...entry, stamp }, Infinity, { wait })
      if (stored) this.#counters.stores++
      return stored
    } catch (error) {
      // Memory keeps nothing that the store did not take.
      this.#tiers.evict(key)
      throw error
    }
  }

  /** As a read, for a store that judges here and now. */
  #peek (key: string): Found<T> | undefined {
    try {
      return this.#tiers.peek(key)
    } catch (error) {
      this.#counters.failed('read', key, error)
      return undefined
    }
  }

  /** An entry that the store gave, as a hit or a miss. */
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
    emit('weir:cache:invalidate', () => ({ namespace: this.namespace, tags, stamp }))
    return stamp
  }

  async #asked<R>(
    what: string,
    answer: Promise<R>,
    rest = 'what it was asked is not done'
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

// Causes that only say that there was no answer.
const UNANSWERED: readonly CacheErrorCode[] = [
  'WEIR_CACHE_STORE_UNAVAILABLE',
  'WEIR_CACHE_STORE_TIMEOUT'
]

function consistencyOf (options: WriteOptions): Consistency | undefined {
  checkOptions('', options, WRITE)
  return options.consistency
}

/** Names are not looked at: a server's hooks hand on what their route has. */
function checkFind (accept: FindOptions['accept'], onOutage: FindOptions['onOutage']): void {
  if (accept !== undefined) FIND.accept(accept, 'accept')
  if (onOutage !== undefined) FIND.onOutage(onOutage, 'onOutage')
}

// A command whose answer is lost may have been carried out.
const UNCERTAIN =
  'it may have been done all the same, and is not tried again: read the value before you do so'

function checkName (name: unknown): void {
  if (typeof name === 'string' && name.length <= 255) return
  throw new CacheError(
    'WEIR_CACHE_INVALID_OPTION',
    `name ${shown(name)}: give a text of up to 255 characters`
  )
}

function checkNamespace (name: unknown): void {
  if (typeof name === 'string' && /^[\w.-]+$/.test(name)) return
  throw new CacheError(
    'WEIR_CACHE_INVALID_OPTION',
    `namespace ${shown(name)}: use letters, digits, '.', '_' and '-'`
  )
}
