import { LRUCache } from 'lru-cache'
import { CacheError, shown } from './errors.js'
import { stringBytes } from './heap.js'

/** How much may be kept in memory. */
export interface MemoryLimits {
  /** Bytes of heap that keys, values and bookkeeping take, estimated. Default 64 MiB. */
  readonly maxBytes?: number
  /** Default 10,000. */
  readonly maxEntries?: number
}

// What lru-cache and its Map spend on an entry.
const SLOT = 60

/** Stamped values bounded by bytes and by count; the least recently used go first. */
export class BoundedMap<V extends { readonly stamp: number, readonly bytes: number }> {
  evictions = 0
  readonly #lru: LRUCache<string, V>

  constructor ({ maxBytes = 64 * 1024 * 1024, maxEntries = 10_000 }: MemoryLimits = {}) {
    // lru-cache takes 0 for no limit.
    for (const [name, limit] of Object.entries({ maxBytes, maxEntries })) {
      if (!Number.isSafeInteger(limit) || limit < 1) {
        throw new CacheError(
          'WEIR_CACHE_INVALID_OPTION',
          `${name} ${shown(limit)}: give a positive integer`
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

  /** As `get`, but to have been looked at does not keep it. */
  peek (key: string): V | undefined {
    return this.#lru.peek(key)
  }

  values (): Iterable<V> {
    return this.#lru.values()
  }

  /**
   * Keeps the value unless one with a higher stamp is there: a slow fill does not undo a later one.
   */
  set (key: string, value: V): void {
    const present = this.#lru.peek(key)
    if (present === undefined || present.stamp <= value.stamp) this.#lru.set(key, value)
  }

  /** Lets go of the key's value, unless it has a higher stamp than `upTo`. */
  delete (key: string, upTo: number): void {
    const present = this.#lru.peek(key)
    if (present !== undefined && present.stamp <= upTo) this.#lru.delete(key)
  }

  clear (): void {
    this.#lru.clear()
  }
}
