import { parseDuration } from './duration.js'
import { checkKey, checkTags, freshness, keyTag, servesError, type Entry } from './entry.js'
import { CacheError, shown } from './errors.js'
import { emit } from './events.js'
import { type EntryOptions, Fill, type Kept, makeEntry } from './fill.js'
import { type Flight, Flights, type Landing } from './flights.js'
import type { AcquireOptions, CacheOptions, CacheStats, Hit, ReadOptions, RememberOptions, WriteOptions } from './options.js'
import { defaultSerializer, type Serializer } from './serializer.js'
import { type Consistency, type FillLease, justAbove, type Store } from './store.js'
import { type Found, type Inspected, isFresh, Tiers } from './tiers.js'

/**
 * A cache of two tiers, this instance's memory before a shared store, in which no value computed before an
 * invalidation is served after it. Values from memory are the same object for everyone: do not change them.
 * @throws CacheError WEIR_CACHE_INVALID_OPTION
 * @example
 * const cache = createCache<Product>({ store: memoryStore(), namespace: 'products' })
 * const product = await cache.remember('42', { ttl: '1m', tags: ['product:42'] }, () => db.product(42))
 * await cache.invalidate(['product:42'])
 */
export function createCache<T = unknown> (options: CacheOptions<T>): Cache<T> {
  return new Cache(options)
}

/** See {@link createCache}. */
export class Cache<T> {
  readonly namespace: string
  readonly name: string
  readonly #store: Store
  readonly #tiers: Tiers<T>
  readonly #flights: Flights<T>
  readonly #counts = { l1: 0, l2: 0, flight: 0, stale: 0, misses: 0, stores: 0, invalidations: 0, errors: 0 }

  constructor ({ store, namespace, name = '', l1 = {}, serializer, fillTimeout = '10s' }: CacheOptions<T>) {
    checkNamespace(namespace)
    checkName(name)
    this.namespace = namespace
    this.name = name
    this.#store = store
    // The default gives back what it was given, so what T is, is the caller's word.
    this.#tiers = new Tiers(namespace, store.namespace(namespace), serializer ?? defaultSerializer as Serializer<T>, l1)
    this.#flights = new Flights(parseDuration(fillTimeout, 'fillTimeout'))
  }

  /**
   * The value under the key, computed by `fn` if there is none: once, however many ask for it meanwhile.
   * A stale value within its window is returned at once while one caller computes the next; within `staleIfError`
   * it is returned if `fn` fails.
   * @throws what `fn` throws, also to everyone who waited for it; CacheError for options that are none
   */
  remember<U extends T> (key: string, options: RememberOptions<U>, fn: () => U | Promise<U>): Promise<U> {
    const hit = this.lookup(key)
    // A key holds what its fn returned: that this is always the same kind of thing is the caller's word.
    if (hit !== undefined && !hit.stale) return Promise.resolve(hit.entry.value as U)
    return this.#remember(key, options, fn, hit)
  }

  /** The fresh value under the key; undefined if there is none, or if it is `undefined` that is kept. */
  async get (key: string): Promise<T | undefined> {
    return (await this.#fresh(key))?.entry.value
  }

  /** As `get` for each key, in their order, with one read of the store for all. */
  async getMany (keys: readonly string[]): Promise<(T | undefined)[]> {
    keys.forEach(checkKey)
    const distinct = [...new Set(keys)]
    const found = await this.#read(distinct, this.#tiers.findMany(distinct)) ?? []
    const values = new Map(distinct.map((key, i) => [key, this.#countFresh(key, found[i])?.entry.value]))
    return keys.map((key) => values.get(key))
  }

  async has (key: string): Promise<boolean> {
    return await this.#fresh(key) !== undefined
  }

  /**
   * Puts a value in place of whatever the key has, for every instance. False if it was invalidated meanwhile.
   * @throws CacheError for options that are none, WEIR_CACHE_UNSERIALIZABLE, WEIR_CACHE_STORE_FAILED
   */
  async set (key: string, value: T, { consistency, ...options }: EntryOptions & WriteOptions): Promise<boolean> {
    checkKey(key)
    // What other instances remember of the key ends here, and whatever is invalidated from here on ends the new value.
    const stamp = await this.#asked('make room', this.#namespace.invalidate([keyTag(key)], consistency))
    return this.#asked('store the value', this.#put(key, makeEntry(value, justAbove(stamp), options, { filledBy: this.name, cost: 0 })))
  }

  /** Invalidates the key for every instance, a fill of it under way included. */
  async delete (key: string, { consistency }: WriteOptions = {}): Promise<void> {
    checkKey(key)
    await this.#invalidate([keyTag(key)], consistency)
    // What is invalid already may as well go at once; if it does not, it ends by itself.
    await this.#namespace.delete(key).catch((error: unknown) => this.#failed('write', key, error))
  }

  /**
   * Invalidates every entry that carries one of the tags, and every fill under way that will. When it resolves, no
   * instance serves any of them. Costs as much as there are tags, however many entries carry them.
   * @throws CacheError WEIR_CACHE_INVALID_TAG; WEIR_CACHE_STORE_FAILED: nothing is invalidated
   */
  async invalidate (tags: readonly string[], { consistency }: WriteOptions = {}): Promise<void> {
    checkTags(tags)
    if (tags.length > 0) await this.#invalidate(tags, consistency)
  }

  /** Invalidates everything in a namespace, this cache's own by default. */
  async clear (namespace = this.namespace, { consistency }: WriteOptions = {}): Promise<void> {
    checkNamespace(namespace)
    const stamp = await this.#asked('clear', this.#store.namespace(namespace).clear(consistency))
    if (namespace === this.namespace) this.#tiers.l1?.clear()
    emit('weir:cache:clear', () => ({ namespace, stamp }))
  }

  /** Drops what this instance has in memory under the key. The store keeps it: the next read is one from there. */
  evict (key: string): void {
    checkKey(key)
    this.#tiers.l1?.delete(key, Infinity)
  }

  /**
   * What lies under the key in this instance's memory and in the store, whether it may be used or not: for people. It counts as no hit,
   * and changes nothing.
   * @throws CacheError WEIR_CACHE_STORE_FAILED
   */
  inspect (key: string): Promise<{ readonly memory?: Inspected<T>, readonly store?: Inspected<T> }> {
    checkKey(key)
    return this.#asked('look into it', this.#tiers.inspect(key))
  }

  /** How many entries of this instance's memory an invalidation of these tags would end. Looks at each entry. */
  countInMemory (tags: readonly string[]): number {
    checkTags(tags)
    return this.#tiers.countInMemory(tags)
  }

  stats (): CacheStats {
    const { l1, l2, flight, ...counts } = this.#counts
    const memory = this.#tiers.l1
    return {
      ...counts,
      hits: { l1, l2, flight },
      discarded: this.#tiers.discarded,
      l1: { entries: memory?.size ?? 0, bytes: memory?.bytes ?? 0, evictions: memory?.evictions ?? 0 },
      flights: this.#flights.size
    }
  }

  /**
   * What memory has that may be used, without waiting. With `acquire` and `revalidate` the building block for
   * callers that cannot hand over a function, such as an HTTP server's hooks.
   */
  lookup (key: string): Hit<T> | undefined {
    return this.#usable(key, this.#peek(key))
  }

  /** As `lookup`, and then what the store has. */
  async find (key: string, options: ReadOptions = {}): Promise<Hit<T> | undefined> {
    checkKey(key)
    const hit = this.lookup(key)
    if (hit !== undefined) return hit
    const answer = await this.#read([key], this.#tiers.find(key).then((found) => ({ found })))
    return answer === undefined ? this.#unproven(key, options) : this.#usable(key, answer.found)
  }

  /**
   * What is kept under the key and has not been invalidated, however old: for callers that know by themselves what they may use. It
   * is not counted as a hit.
   */
  async kept (key: string): Promise<Hit<T> | undefined> {
    checkKey(key)
    const found = await this.#read([key], this.#tiers.find(key))
    return found && { ...found, stale: !isFresh(found) }
  }

  /**
   * A value that may be used, or the duty to compute it. While one caller has the duty, in this process or in another that shares
   * the store, the others wait for its end, but take only what is valid for them: a value whose fill began before they came, and
   * that was invalidated before it ended, may be too old for them, and they start over.
   * @throws what the fill they waited for failed with
   */
  async acquire (key: string, options: AcquireOptions = {}): Promise<Hit<T> | Fill<T>> {
    checkKey(key)
    const arrival = this.#flights.latest
    for (;;) {
      const flight = this.#flights.of(key)
      if (flight === undefined) return this.#lead(key, this.#flights.begin(key), options)
      // Nobody waits for a revalidation while the stale value will do.
      const mayBeStale = flight.background && options.renew !== true
      const stale = mayBeStale ? this.#usable(key, await this.#read([key], this.#tiers.find(key))) : undefined
      if (stale !== undefined) return stale
      const landing = await flight.landed
      if (landing.kind === 'again') continue
      if (landing.kind === 'none') return this.#fill(key, undefined, undefined)
      const wasStored = landing.kind === 'value' && landing.source !== 'flight'
      if (wasStored && options.renew === true) continue
      const hit = await this.#boarded(key, landing, flight.number > arrival)
      if (hit !== undefined) return hit
    }
  }

  /**
   * The duty to replace a stale value, unless somebody has it already, or has done it. A value past its
   * stale-while-revalidate window was served because a fill has just failed: whoever comes next tries again.
   */
  async revalidate (key: string, stale: Entry<T>): Promise<Fill<T> | undefined> {
    if (this.#flights.of(key) !== undefined || freshness(stale, Date.now()) !== 'stale') return undefined
    const flight = this.#flights.begin(key, true)
    const claimed = await this.#read([key], this.#tiers.claim(key, isFresh))
    if (claimed === undefined) return this.#fill(key, flight, stale)
    if (claimed.kind === 'granted') return this.#fill(key, flight, stale, claimed.lease, true)
    flight.land({ kind: 'again' })
    return undefined
  }

  get #namespace () {
    return this.#tiers.l2
  }

  async #remember<U extends T> (
    key: string, options: RememberOptions<U>, fn: () => U | Promise<U>, peeked: Hit<T> | undefined
  ): Promise<U> {
    const outcome = peeked ?? await this.acquire(key, options)
    if (outcome instanceof Fill) return this.#run(outcome, options, fn)
    if (outcome.stale && !outcome.unproven) {
      this.revalidate(key, outcome.entry)
        .then((fill) => fill && this.#run(fill, options, fn))
        .catch((error: unknown) => this.#failed('fill', key, error))
    }
    return outcome.entry.value as U
  }

  async #run<U extends T> (fill: Fill<T>, options: RememberOptions<U>, fn: () => U | Promise<U>): Promise<U> {
    let value: U
    try {
      value = await fn()
    } catch (error) {
      fill.fail(error)
      if (fill.stale === undefined || !servesError(fill.stale, Date.now())) throw error
      this.#failed('fill', fill.key, error)
      return fill.stale.value as U
    }
    const { tags = [], negativeTtl, onOutage: _, ...rest } = options
    const negative = (value === null || value === undefined) && negativeTtl !== undefined
    await fill.commit(value, () => ({
      ...(negative ? { ttl: negativeTtl } : rest),
      tags: typeof tags === 'function' ? tags(value) : tags
    }))
    return value
  }

  /**
   * The one who began the flight: takes what the store has, or computes it, or waits for another instance that does. A fill elsewhere may
   * have begun before this flight, and be worth nothing to it; the one after that has not, but may be overtaken by an invalidation as
   * well. Rather than wait for a third it computes for itself.
   */
  async #lead (key: string, flight: Flight<T>, options: AcquireOptions): Promise<Hit<T> | Fill<T>> {
    for (let waited = 0; ;) {
      const isGood = (found: Found<T>) => isUsable(found) && (options.renew !== true || waited > 0)
      const claimed = await this.#read([key], this.#tiers.claim(key, isGood))
      if (claimed === undefined) return this.#withoutStore(key, flight, options)
      if (claimed.kind === 'found') {
        const source = waited > 0 ? 'flight' : claimed.source
        flight.land({ kind: 'value', entry: claimed.entry, source })
        return this.#count(key, { entry: claimed.entry, source, stale: freshness(claimed.entry, Date.now()) === 'stale' })
      }
      if (claimed.kind === 'granted') return this.#fill(key, flight, claimed.stale, claimed.lease, options.renew === true)
      const end = waited === MOST_WAITS ? 'failed' : await Promise.race([claimed.ended, flight.landed.then(() => 'unshared' as const)])
      if (end === 'failed') return this.#fill(key, flight, claimed.stale)
      if (end === 'unshared') {
        flight.land({ kind: 'none' })
        return this.#fill(key, undefined, claimed.stale)
      }
      if (end === 'done') waited++
    }
  }

  #withoutStore (key: string, flight: Flight<T>, options: ReadOptions): Hit<T> | Promise<Fill<T>> {
    const hit = this.#unproven(key, options)
    if (hit === undefined) return this.#fill(key, flight, undefined)
    flight.land({ kind: 'again' })
    return hit
  }

  #unproven (key: string, { onOutage }: ReadOptions): Hit<T> | undefined {
    const entry = onOutage === 'stale' ? this.#tiers.unproven(key) : undefined
    return entry && this.#count(key, { entry, source: 'l1', stale: true, unproven: true })
  }

  /** The stamp is taken before the value is computed: that is what makes Rule V hold for fills that are slow. */
  async #fill (
    key: string, flight: Flight<T> | undefined, stale: Entry<T> | undefined, lease?: FillLease, replaces = false
  ): Promise<Fill<T>> {
    this.#counts.misses++
    emit('weir:cache:miss', () => ({ namespace: this.namespace, key }))
    if (flight !== undefined) this.#flights.depart(flight)
    const stamp = lease === undefined ? await this.#read([key], this.#namespace.stamp()) : lease.stamp
    // However the flight ends, also by its timeout: so does the lease.
    const end = ({ kind }: Landing<T>) => { lease?.end(kind === 'error' ? 'failed' : kind === 'none' ? 'unshared' : 'done') }
    flight?.landed.then(end, () => {})
    const commit = (entry: Entry<T>) => this.#keep(key, entry, lease, replaces && stale !== undefined)
    return new Fill(key, stamp, stale, flight, this.name, commit, (other, entry) => this.#keep(other, entry))
  }

  async #keep (key: string, entry: Entry<T>, lease?: FillLease, replaces = false): Promise<Kept> {
    try {
      return await this.#put(key, entry, lease, replaces) ? 'stored' : 'invalid'
    } catch (error) {
      if (error instanceof CacheError && error.code === 'WEIR_CACHE_UNSERIALIZABLE') throw error
      this.#failed('write', key, error)
      return 'failed'
    }
  }

  /** What a flight's landing is worth to one who waited; undefined to start over. */
  async #boarded (key: string, landing: Extract<Landing<T>, { kind: 'value' | 'error' }>, own: boolean): Promise<Hit<T> | undefined> {
    const { entry, source } = landing.kind === 'value' ? landing : { entry: landing.stale, source: 'flight' as const }
    const inPlaceOfError = landing.kind === 'error'
    if (inPlaceOfError && (entry === undefined || !servesError(entry, Date.now()))) throw landing.error
    if (entry === undefined) return undefined
    // A store that does not answer cannot say that the value is still valid, so it is not.
    if (!own && !await this.#read([key], this.#tiers.isValid(key, entry))) return undefined
    return this.#count(key, { entry, source, stale: inPlaceOfError || freshness(entry, Date.now()) === 'stale' })
  }

  /** A read that fails finds nothing: the request goes on without the cache, and the event tells. */
  async #read<R> (keys: readonly string[], answer: Promise<R>): Promise<R | undefined> {
    try {
      return await answer
    } catch (error) {
      this.#failed('read', keys.join(' '), error)
      return undefined
    }
  }

  /** As `#read`, for a store that judges here and now. */
  #peek (key: string): Found<T> | undefined {
    try {
      return this.#tiers.peek(key)
    } catch (error) {
      this.#failed('read', key, error)
      return undefined
    }
  }

  async #put (key: string, entry: Entry<T>, lease?: FillLease, replaces = false): Promise<boolean> {
    const stored = await (replaces ? this.#tiers.replace(key, entry, lease) : this.#tiers.put(key, entry, lease))
    if (stored) this.#counts.stores++
    return stored
  }

  async #fresh (key: string): Promise<Hit<T> | undefined> {
    checkKey(key)
    const peeked = this.#peek(key)
    return this.#countFresh(key, isFresh(peeked) ? peeked : await this.#read([key], this.#tiers.find(key)))
  }

  #countFresh (key: string, found: Found<T> | undefined): Hit<T> | undefined {
    if (found !== undefined && isFresh(found)) return this.#count(key, { ...found, stale: false })
    this.#counts.misses++
    emit('weir:cache:miss', () => ({ namespace: this.namespace, key }))
    return undefined
  }

  #usable (key: string, found: Found<T> | undefined): Hit<T> | undefined {
    if (found === undefined) return undefined
    const state = freshness(found.entry, Date.now())
    if (state === 'expired') return undefined
    return this.#count(key, { entry: found.entry, source: found.source, stale: state === 'stale' })
  }

  #count (key: string, hit: Hit<T>): Hit<T> {
    this.#counts[hit.source]++
    if (hit.stale) this.#counts.stale++
    emit('weir:cache:hit', () => ({ namespace: this.namespace, key, source: hit.source, stale: hit.stale }))
    return hit
  }

  async #invalidate (tags: readonly string[], consistency: Consistency | undefined): Promise<void> {
    const stamp = await this.#asked('invalidate', this.#namespace.invalidate(tags, consistency))
    this.#counts.invalidations++
    emit('weir:cache:invalidate', () => ({ namespace: this.namespace, tags, stamp }))
  }

  async #asked<R> (what: string, answer: Promise<R>): Promise<R> {
    try {
      return await answer
    } catch (cause) {
      if (cause instanceof CacheError && cause.code !== 'WEIR_CACHE_STORE_UNAVAILABLE') throw cause
      this.#counts.errors++
      throw new CacheError('WEIR_CACHE_STORE_FAILED', what, { cause })
    }
  }

  #failed (operation: 'read' | 'write' | 'fill', key: string, error: unknown): void {
    this.#counts.errors++
    emit('weir:cache:error', () => ({ namespace: this.namespace, operation, key, error }))
  }
}

// Of other instances' fills, one after the other.
const MOST_WAITS = 2

const isUsable = ({ entry }: Found<unknown>) => freshness(entry, Date.now()) !== 'expired'

function checkName (name: unknown): void {
  if (typeof name === 'string' && name.length <= 255) return
  throw new CacheError('WEIR_CACHE_INVALID_OPTION', `name ${shown(name)}: give a text of up to 255 characters`)
}

function checkNamespace (name: unknown): void {
  if (typeof name === 'string' && /^[\w.-]+$/.test(name)) return
  throw new CacheError('WEIR_CACHE_INVALID_OPTION', `namespace ${shown(name)}: use letters, digits, '.', '_' and '-'`)
}
