import { type Cache, createCache } from './cache.js'
import type { Duration } from './duration.js'
import { CacheError, shown } from './errors.js'
import {
  checkOptions,
  checkStore,
  CREATE_SEVERAL,
  isRecord,
  refused,
  SHARED
} from './known-options.js'
import type { CacheOptions } from './options.js'
import type { Serializer } from './serializer.js'
import type { Store } from './store.js'

/** The type of a cache's values, at compile time only: see {@link valueType}. */
export interface ValueType<T> {
  readonly value?: T
}

/**
 * Declares the type of a cache's values for {@link createCaches}.
 * @example
 * createCaches({
 *   stores,
 *   caches: { products: { store: 'redis', ttl: '1m', value: valueType<Product>() } }
 * })
 */
export const valueType = <T>(): ValueType<T> => ({})

/** Options of {@link createCache} that several caches may share. */
export type SharedCacheOptions = Omit<CacheOptions<unknown>, 'store' | 'namespace' | 'name'>

/** One cache of {@link createCaches}: options of {@link createCache} and the name of its store. */
export interface NamedCacheOptions<S extends string = string> extends SharedCacheOptions {
  /** A name in `stores`. */
  readonly store: S
  /** Default: the cache's name. */
  readonly namespace?: string
  /** The type of the values. Default: that of the serializer, or `unknown`. */
  readonly value?: ValueType<unknown>
}

type Stores = Readonly<Record<string, Store>>
type Named<S extends string = string> = Readonly<Record<string, NamedCacheOptions<S>>> & {
  readonly close?: never
}

/** Options of {@link createCaches}. */
export interface CachesOptions<
  S extends Stores = Stores,
  C extends Named<keyof S & string> = Named,
  D extends SharedCacheOptions = SharedCacheOptions
> {
  readonly stores: S
  readonly caches: C & OnlyKnown<C, NamedCacheOptions>
  /** Options of every cache that does not override them. */
  readonly defaults?: D & OnlyKnown<{ readonly defaults: D }, SharedCacheOptions>['defaults']
  /** Name of this instance: the {@link CacheOptions.name} of each cache. */
  readonly name?: string
}

/** Makes unknown option names a compile-time error. */
type OnlyKnown<C, Options> = {
  readonly [N in keyof C]: { readonly [O in Exclude<keyof C[N], keyof Options>]: never }
}

type ValueOf<C> = C extends { readonly value: ValueType<infer T> }
  ? T
  : C extends { readonly serializer: Serializer<infer T> } ? T : unknown
type DefaultedOf<C, D> = C extends { readonly ttl: Duration }
  ? 'ttl'
  : D extends { readonly ttl: Duration }
    ? 'ttl'
    : never

/** The caches by name, and {@link CachesBase.close}. */
export type Caches<C, D = unknown> = {
  readonly [N in keyof C]: Cache<ValueOf<C[N]>, DefaultedOf<C[N], D>>
} & CachesBase

/** Members of every result of {@link createCaches}. */
export interface CachesBase {
  /**
   * Closes each store once, even if others fail to close.
   * @throws CacheError WEIR_CACHE_STORE_FAILED with an AggregateError of the stores' errors
   * @example await caches.close()
   */
  close (): Promise<void>
}

/**
 * Creates several named caches, each with its own defaults, on one or more stores.
 *
 * A cache's name is also its namespace.
 * @throws CacheError WEIR_CACHE_INVALID_OPTION
 * @example
 * const caches = createCaches({
 *   stores: { redis: redisStore({ url: 'redis://127.0.0.1:6379' }), memory: memoryStore() },
 *   defaults: { jitter: 0.1 },
 *   caches: {
 *     products: { store: 'redis', ttl: '1m', staleIfError: '1h', value: valueType<Product>() },
 *     flags: { store: 'memory', ttl: '10s', value: valueType<boolean>() }
 *   }
 * })
 * const product = await caches.products.remember('42', () => db.product(42))
 * await caches.flags.set('beta', true)
 * await caches.close()
 */
export function createCaches<
  const S extends Stores,
  const C extends Named<keyof S & string>,
  const D extends SharedCacheOptions = SharedCacheOptions
> (options: CachesOptions<S, C, D>): Caches<C, D>
export function createCaches (options: LooseOptions): object {
  checkOptions('', options, CREATE_SEVERAL)
  const { stores, caches, defaults = {}, name = '' } = options
  checkOptions('defaults', defaults, SHARED)
  const all = entriesOf('stores', stores)
  for (const [name, store] of Object.entries(stores)) checkStore(`stores.${name}`, store)
  const taken = new Map<string, string>()
  const made = entriesOf('caches', caches).map(
    ([cache, { store: storeName, namespace = cache, value: _, ...options }]) => {
      const where = `caches.${cache}`
      if (cache === 'close') {
        throw refused(`${where}: this name is reserved for the method, use another one`)
      }
      checkOptions(where, options, SHARED)
      const [, store] = all.find(([known]) => known === storeName) ?? []
      if (store === undefined) {
        throw refused(
          `${where}.store ${shown(storeName)}: the stores are ${Object.keys(stores).join(', ')}`
        )
      }
      const place = JSON.stringify([all.findIndex(([, other]) => other === store), namespace])
      const other = taken.get(place)
      if (other !== undefined) {
        throw refused(
          `${where}: caches.${other} has the namespace ${shown(namespace)} in the same store, use another one`
        )
      }
      taken.set(place, cache)
      return [
        cache,
        within(where, () =>
          createCache({ ...defaults, ...given(options), store, namespace, name })
        )
      ] as const
    }
  )
  const stored = new Set(all.map(([, store]) => store))
  let closed: Promise<void> | undefined
  const close = () => {
    closed ??= closeAll(stored)
    return closed
  }
  return withNames(Object.fromEntries(made), close)
}

interface LooseOptions {
  readonly stores: Stores
  readonly caches: Readonly<Record<string, NamedCacheOptions>>
  readonly defaults?: SharedCacheOptions
  readonly name?: string
}

/**
 * Exposes the caches as ordinary members and throws for unknown names.
 *
 * Names that the runtime and tools look up on every object, such as `then` for `await`, do not
 * throw.
 */
function withNames (
  caches: Readonly<Record<string, Cache<unknown>>>,
  close: () => Promise<void>
): object {
  const names = Object.keys(caches).join(', ')
  const unknown = new Proxy(
    {},
    {
      get (target, name, receiver) {
        if (typeof name === 'symbol' || name in Object.prototype || ASKED_OF_ALL.has(name)) {
          return Reflect.get(target, name, receiver) as unknown
        }
        throw refused(`caches.${name} does not exist: the caches are ${names}`)
      }
    }
  )
  const base: object = Object.create(unknown, { close: { value: close } }) as object
  return Object.freeze(Object.create(base, Object.getOwnPropertyDescriptors(caches)) as object)
}

const ASKED_OF_ALL = new Set([
  'then',
  'toJSON',
  'inspect',
  'nodeType',
  'asymmetricMatch',
  '$$typeof',
  'getter',
  'setter'
])

async function closeAll (stores: ReadonlySet<Store>): Promise<void> {
  const closed = await Promise.allSettled(Array.from(stores, async (store) => store.close()))
  const errors = closed.flatMap((result) =>
    result.status === 'rejected' ? [result.reason as unknown] : []
  )
  if (errors.length === 0) return
  const cause = new AggregateError(errors, `${errors.length} of ${closed.length} stores`)
  throw new CacheError('WEIR_CACHE_STORE_FAILED', 'close: see the cause', { cause })
}

function entriesOf<V> (
  what: string,
  values: Readonly<Record<string, V>>
): [name: string, value: V][] {
  const entries = isRecord(values) ? Object.entries(values) : []
  if (entries.length === 0 || !entries.every(([, value]) => isRecord(value))) {
    throw refused(`${what} ${shown(values)}: use an object of ${what} by name`)
  }
  return entries
}

/** Removes undefined options, which would hide the defaults. */
function given<O extends object> (options: O): Partial<O> {
  const result: Partial<O> = { ...options }
  for (const name in options) if (options[name] === undefined) Reflect.deleteProperty(result, name)
  return result
}

/** Creates one cache; prefixes errors about its options with its name. */
function within<R> (where: string, make: () => R): R {
  try {
    return make()
  } catch (error) {
    throw error instanceof CacheError ? refused(`${where}: ${error.message}`, error) : error
  }
}
