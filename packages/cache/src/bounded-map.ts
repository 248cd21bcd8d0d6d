import { LRUCache } from 'lru-cache'
import { CacheError, shown } from './errors.js'
import { stringBytes } from './heap.js'

/** Limits on the memory a cache uses. */
export interface MemoryLimits {
  /** Estimated heap bytes of keys, values and bookkeeping. Default 64 MiB. */
  readonly maxBytes?: number
  /** Default 10,000. */
  readonly maxEntries?: number
}

// Bytes that lru-cache and its Map use per entry.
const SLOT = 60

/** Stamped values limited by bytes and count; the least recently used are evicted first. */
export class BoundedMap<V extends { readonly stamp: number, readonly bytes: number }> {
  evictions = 0
  readonly #lru: LRUCache<string, V>

  constructor ({ maxBytes = 64 * 1024 * 1024, maxEntries = 10_000 }: MemoryLimits = {}) {
    // lru-cache treats 0 as no limit.
    for (const [name, limit] of Object.entries({ maxBytes, maxEntries })) {
      if (!Number.isSafeInteger(limit) || limit < 1) {
        throw new CacheError(
          'WEIR_CACHE_INVALID_OPTION',
          `${name} ${shown(limit)}: use a positive integer`
        )
      }
    }
    this.#lru = new LRUCache<string, V>({
      max: maxEntries,
      maxSize: maxBytes,
      sizeCalculation: (value, key) =>
        Math.ceil(value.bytes) + stringBytes(key.length, false) + SLOT,
      dispose: (_value, _key, reason) => {
        if (reason === 'evict') this.evictions++
      }
    })
  }

  get size (): number {
    return this.#lru.size
  }

  get bytes (): number {
    return this.#lru.calculatedSize
  }

  get (key: string): V | undefined {
    return this.#lru.get(key)
  }

  /** Like `get`, but does not mark the value as recently used. */
  peek (key: string): V | undefined {
    return this.#lru.peek(key)
  }

  keys (): Iterable<string> {
    return this.#lru.keys()
  }

  values (): Iterable<V> {
    return this.#lru.values()
  }

  /**
   * Stores the value unless the current one has a higher stamp: a slow fill never undoes a later
   * one.
   */
  set (key: string, value: V): void {
    const present = this.#lru.peek(key)
    if (present === undefined || present.stamp <= value.stamp) this.#lru.set(key, value)
  }

  /** Removes the key's value unless its stamp is higher than `upTo`. */
  delete (key: string, upTo: number): void {
    const present = this.#lru.peek(key)
    if (present !== undefined && present.stamp <= upTo) this.#lru.delete(key)
  }

  clear (): void {
    this.#lru.clear()
  }
}
