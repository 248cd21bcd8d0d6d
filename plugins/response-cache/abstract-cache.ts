import type { Cache } from '@weir/cache'

type Key = string | { readonly id: string, readonly segment?: string }
type Callback<R> = (error: unknown, result: R) => void

/**
 * Result of abstract-cache for a key: the value, its storage time and the milliseconds it has left.
 */
export interface AbstractCacheItem<T> {
  item: T
  stored: number
  ttl: number
}

/**
 * The abstract-cache protocol, which `@fastify/caching` offers as `app.cache`, over a Weir cache:
 * values set by one instance are visible to all. Each method calls back, or returns a promise if it
 * gets no callback.
 *
 * The segment in which `@fastify/caching` stores entity tags is always empty. Its own 304 compares
 * only the tag: it would answer a GET of another URL, and a POST, whose write would be lost.
 */
export class AbstractCache {
  readonly #cache: Cache<unknown>
  readonly #etagSegment: string

  constructor (cache: Cache<unknown>, etagSegment: string) {
    this.#cache = cache
    this.#etagSegment = etagSegment
  }

  get<T = unknown>(key: Key, callback: Callback<AbstractCacheItem<T> | null>): void
  get<T = unknown>(key: Key): Promise<AbstractCacheItem<T> | null>
  get<T>(
    key: Key,
    callback?: Callback<AbstractCacheItem<T> | null>
  ): void | Promise<AbstractCacheItem<T> | null> {
    // Called for each conditional request, and therefore without a turn of the event loop.
    if (callback !== undefined && this.#isEtag(key)) return callback(null, null)
    return answer(this.#find<T>(key), callback, null)
  }

  /** @param ttl milliseconds */
  set (key: Key, value: unknown, ttl: number, callback: Callback<unknown>): void
  set (key: Key, value: unknown, ttl: number): Promise<unknown>
  set (
    key: Key,
    value: unknown,
    ttl: number,
    callback?: Callback<unknown>
  ): void | Promise<unknown> {
    return answer(
      this.#isEtag(key)
        ? Promise.resolve()
        : this.#cache.set(text(key), value, { ttl, consistency: 'bounded' }),
      callback,
      undefined
    )
  }

  has (key: Key, callback: Callback<boolean>): void
  has (key: Key): Promise<boolean>
  has (key: Key, callback?: Callback<boolean>): void | Promise<boolean> {
    return answer(
      this.#isEtag(key) ? Promise.resolve(false) : this.#cache.has(text(key)),
      callback,
      false
    )
  }

  delete (key: Key, callback: Callback<unknown>): void
  delete (key: Key): Promise<unknown>
  delete (key: Key, callback?: Callback<unknown>): void | Promise<unknown> {
    return answer(
      this.#isEtag(key) ? Promise.resolve() : this.#cache.delete(text(key)),
      callback,
      undefined
    )
  }

  async #find<T>(key: Key): Promise<AbstractCacheItem<T> | null> {
    const hit = this.#isEtag(key) ? undefined : await this.#cache.find(text(key))
    if (hit === undefined) return null
    // The type of a value is declared by the caller, as the protocol defines.
    return {
      item: hit.entry.value as T,
      stored: hit.entry.storedAt,
      ttl: hit.entry.freshUntil - Date.now()
    }
  }

  #isEtag (key: Key): boolean {
    return typeof key === 'object' && key.segment === this.#etagSegment
  }
}

const text = (key: Key) => typeof key === 'string' ? key : `${key.segment ?? ''}:${key.id}`

/** Calls back outside the promise: an error thrown by a callback must not cause a second call. */
function answer<R> (
  result: Promise<R>,
  callback: Callback<R> | undefined,
  none: R
): void | Promise<R> {
  if (callback === undefined) return result
  result.then(
    (value) => setImmediate(callback, null, value),
    (error: unknown) => setImmediate(callback, error, none)
  )
}
