import type { Cache } from './cache.js'
import { wrap, type WrapOptions } from './wrap.js'

/**
 * A decorator that has a method's values kept by a cache, as {@link Cache.wrap} does for functions. The name of the method begins
 * the keys, and all instances of the class share them: what of an instance the value depends on is told by `key`. A value ends
 * by its tags, or by the method's `invalidate` and `clear` where its type says that it has them.
 * @throws CacheError as {@link Cache.wrap}, when the class is defined
 * @example
 * class Shop {
 *   \@cached(cache, { ttl: '1m', tags: (product: Product, id: string) => [`product:${id}`] })
 *   async product (id: string) { return db.product(id) }
 * }
 * await new Shop().product('42')
 * await cache.invalidate(['product:42'])
 */
export function cached<T, A extends readonly unknown[] = never[], R extends T = T> (cache: Cache<T>, options: WrapOptions<A, R>) {
  // The method takes and gives what it did.
  function decorator<F extends (...args: A) => Promise<R>> (method: F, context: ClassMethodDecoratorContext): F
  function decorator (method: (...args: A) => Promise<R>, { name }: ClassMethodDecoratorContext) {
    return wrap(cache, method, { name: String(name), ...options })
  }
  return decorator
}
