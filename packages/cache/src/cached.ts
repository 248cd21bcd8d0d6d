import type { Cache } from './cache.js'
import { CacheError, shown } from './errors.js'
import { wrap, type WrapOptions } from './wrap.js'

type Method<A extends readonly unknown[], R> = (...args: A) => Promise<R>
/** The signature TypeScript uses for method decorators under `experimentalDecorators`. */
type Experimental<F> = [
  prototype: object,
  name: string | symbol,
  descriptor: TypedPropertyDescriptor<F>
]

/** The decorator that {@link cached} returns. The method keeps its signature. */
interface Decorator<A extends readonly unknown[], R> {
  <F extends Method<A, R>> (method: F, context: ClassMethodDecoratorContext): F
  <F extends Method<A, R>> (
    prototype: object,
    name: string | symbol,
    descriptor: TypedPropertyDescriptor<F>
  ): void
}

/**
 * Decorator that caches a method's values, as {@link Cache.wrap} does for functions.
 *
 * The method's name starts the keys, and all instances of the class share them. If the value
 * depends on the instance, add that part with `key`, whose `this` is the instance: `key (this:
 * Repo, id: string) { return [this.tenant, id] }`. Invalidate a value by its tags, or by the
 * method's `invalidate` and `clear` if its type declares them. Works with and without TypeScript's
 * `experimentalDecorators`, which NestJS and others need.
 * @throws CacheError like {@link Cache.wrap}, when the class is defined
 * @example
 * class Shop {
 *   \@cached(cache, { ttl: '1m', tags: (product: Product, id: string) => [`product:${id}`] })
 *   async product (id: string) { return db.product(id) }
 * }
 * await new Shop().product('42')
 * await cache.invalidate(['product:42'])
 */
export function cached<T, A extends readonly unknown[] = never[], R extends T = T> (
  cache: Cache<T>, options: WrapOptions<A, R>
): Decorator<A, R>
export function cached<T, A extends readonly unknown[] = never[], R extends T = T> (
  cache: Cache<T, 'ttl'>, options?: Partial<WrapOptions<A, R>>
): Decorator<A, R>
export function cached<T, A extends readonly unknown[], R extends T> (
  cache: Cache<T>, options: Partial<WrapOptions<A, R>> = {}
): Decorator<A, R> {
  const wrapped = (method: Method<A, R>, name: string | symbol) =>
    wrap(cache, method, { name: String(name), ...options })
  function decorator<F extends Method<A, R>> (method: F, context: ClassMethodDecoratorContext): F
  function decorator<F extends Method<A, R>> (...experimental: Experimental<F>): void
  function decorator (
    ...args: [Method<A, R>, ClassMethodDecoratorContext] | Experimental<Method<A, R>>
  ) {
    if (args.length === 2) return wrapped(args[0], args[1].name)
    const [, name, descriptor] = args
    if (typeof descriptor.value !== 'function') {
      throw new CacheError(
        'WEIR_CACHE_INVALID_OPTION',
        `cached() of ${shown(name)}: it decorates only methods`
      )
    }
    descriptor.value = wrapped(descriptor.value, name)
    return undefined
  }
  return decorator
}
