import { RecentKeys } from '@weir/internal'
import { argumentKey } from './argument-key.js'
import type { Cache } from './cache.js'
import { parseDuration } from './duration.js'
import { checkTags } from './entry.js'
import { CacheError, shown } from './errors.js'
import { checkOptions, WRAP } from './known-options.js'
import type { RememberOptions, WriteOptions } from './options.js'

/**
 * Options of {@link Cache.wrap}, for a function with arguments `A` and value `R`.
 *
 * Functions receive the `this` of the call. Declare its type: `key (this: Repo, id: string) {
 * return [this.tenant, id] }`.
 */
export interface WrapOptions<A extends readonly unknown[], R, This = never> extends Omit<
  RememberOptions<R>,
  'tags'
> {
  /**
   * First part of the keys: the same on all instances, and unique within the cache. Default: the
   * function's own name.
   */
  readonly name?: string
  /**
   * Returns the key's parts, if these are not exactly the arguments: `(id, { signal }) => [id]`, or
   * parts of `this`.
   */
  readonly key?: (this: This, ...args: A) => readonly unknown[]
  /** Tags, or a function that derives them from the value and the arguments. */
  readonly tags?: readonly string[] | ((this: This, value: R, ...args: A) => readonly string[])
}

/** The `this` that a function declares; unknown if it declares none. */
export type ThisOf<F extends AnyFunction> =
  unknown extends ThisParameterType<F> ? never : ThisParameterType<F>

/**
 * Methods of a function that {@link Cache.wrap} returns. If `key` uses `this`, pass it:
 * `load.invalidate.call(repo, '42')`.
 */
export interface WrappedMethods<A extends readonly unknown[]> {
  /**
   * Returns the key of these arguments, for use with other methods of the cache.
   * @example const product = await cache.get(load.key('42'))
   */
  key (...args: A): string
  /**
   * Invalidates the value of these arguments on every instance.
   * @example await load.invalidate('42')
   */
  invalidate (...args: A): Promise<void>
  /**
   * Invalidates the values of all arguments on every instance.
   * @example await load.clear()
   */
  clear (options?: WriteOptions): Promise<void>
}

type AnyFunction = (...args: never[]) => unknown

/** The wrapped function: of the same type, including generics, if it returns a promise. */
export type Wrapped<F extends AnyFunction> = WrappedMethods<Parameters<F>> & (
  F extends (...args: never[]) => Promise<unknown>
    ? F
    : (this: ThisParameterType<F>, ...args: Parameters<F>) => Promise<Awaited<ReturnType<F>>>
)

/** Separates the keys of functions from those that callers choose. */
const PREFIX = 'wrap:'

// Two functions with the same name would share keys in the store, which no instance could detect.
const taken = new WeakMap<object, Set<string>>()

type Remembering<T> = Pick<Cache<T>, 'remember' | 'delete' | 'invalidate' | 'defaultTtl'>

/** See {@link Cache.wrap}. */
export function wrap<T, F extends (...args: never[]) => T | Promise<T>> (
  cache: Remembering<T>,
  fn: F,
  options: Partial<WrapOptions<Parameters<F>, Awaited<ReturnType<F>>, ThisOf<F>>>
): Wrapped<F>
export function wrap<T, A extends readonly unknown[], R extends T> (
  cache: Remembering<T>, fn: (...args: A) => R | Promise<R>, options: Partial<WrapOptions<A, R>>
): WrappedMethods<A> & ((...args: A) => Promise<R>)
export function wrap<T, A extends readonly unknown[], R extends T> (
  cache: Remembering<T>, fn: (...args: A) => R | Promise<R>, options: Partial<WrapOptions<A, R>>
) {
  if (typeof fn !== 'function') {
    throw new CacheError(
      'WEIR_CACHE_INVALID_OPTION',
      `fn ${shown(fn)}: pass the function that computes the value`
    )
  }
  checkOptions('', options, WRAP)
  const { name = fn.name, key: keyParts, tags = [], ttl = cache.defaultTtl, ...others } = options
  checkName(name)
  const rest = { ...others, ttl: parseDuration(ttl, 'ttl') }
  const own = PREFIX + name
  if (typeof tags !== 'function') checkTags(tags)
  const keys = new Keys(own)
  const keyOf = (self: unknown, args: A) =>
    keys.of(keyParts === undefined ? args : partsOf(on(self, keyParts, args)))
  const fixed = typeof tags === 'function' ? undefined : { ...rest, tags: [own, ...tags] }
  const optionsOf = (self: unknown, args: A): RememberOptions<R> => ({
    ...rest,
    tags:
      typeof tags === 'function' ? (value) => tagsOf(own, on(self, tags, [value, ...args])) : tags
  })
  const wrapped = function (this: unknown, ...args: A): Promise<R> {
    try {
      return cache.remember(keyOf(this, args), fixed ?? optionsOf(this, args), () =>
        Reflect.apply(fn, this, args)
      )
    } catch (error) {
      return rejected(error)
    }
  }
  takeName(cache, name)
  Object.defineProperty(wrapped, 'name', { value: name, configurable: true })
  // These methods are called on the function, not on an instance.
  const key = function (this: unknown, ...args: A) {
    return keyOf(this === wrapped ? undefined : this, args)
  }
  return Object.assign(wrapped, {
    key,
    async invalidate (this: unknown, ...args: A) {
      await cache.delete(Reflect.apply(key, this, args))
    },
    clear: async (options?: WriteOptions) => cache.invalidate([own], options)
  })
}

/** Binds the functions in the options to the `this` they declare. */
const on = (
  self: unknown,
  fn: (this: never, ...args: never) => unknown,
  args: readonly unknown[]
): unknown => Reflect.apply(fn, self, args)

/**
 * The keys of one function. Keys of recent arguments are cached: building and hashing a text costs
 * more than a hit.
 */
class Keys {
  readonly #recent = new RecentKeys<string, string | number>()

  constructor (readonly own: string) {}

  of (args: readonly unknown[]): string {
    const [only] = args
    if (args.length !== 1 || !isShort(only)) return this.own + argumentKey(args)
    const known = this.#recent.get(only)
    if (known !== undefined) return known
    const key = this.own + argumentKey(args)
    this.#recent.set(only, key)
    return key
  }
}

/** Map treats -0 as 0. */
const isShort = (value: unknown): value is string | number =>
  typeof value === 'string'
    ? value.length <= LONGEST_REMEMBERED
    : typeof value === 'number' && Number.isInteger(value) && value !== 0

// Longest text whose key is cached, in characters.
const LONGEST_REMEMBERED = 100

// A name ends where the arguments begin.
function checkName (name: unknown): void {
  if (typeof name === 'string' && /^[^:(]+$/.test(name)) return
  throw new CacheError(
    'WEIR_CACHE_INVALID_OPTION',
    `name ${shown(name)}: name the function with a string without ':' and '('`
  )
}

function takeName (cache: object, name: string): void {
  const names = taken.get(cache) ?? new Set()
  if (names.has(name)) throw new CacheError('WEIR_CACHE_NAME_TAKEN', name)
  taken.set(cache, names.add(name))
}

function tagsOf (own: string, tags: unknown): readonly string[] {
  checkTags(tags)
  return [own, ...tags]
}

function partsOf (parts: unknown): readonly unknown[] {
  if (Array.isArray(parts)) return parts
  throw new CacheError(
    'WEIR_CACHE_INVALID_OPTION',
    `key returned ${shown(parts)}: return the parts of the key in an array`
  )
}

async function rejected (error: unknown): Promise<never> {
  throw error
}
