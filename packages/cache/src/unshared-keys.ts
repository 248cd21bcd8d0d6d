import { LRUCache } from 'lru-cache'

// Milliseconds for which a key is remembered, and the maximum number of keys: fewer if they are
// long.
const REMEMBERED = 10_000
const MOST = 10_000
const MOST_CHARACTERS = 1024 * 1024

/**
 * Keys whose last value could not be shared (hit-for-miss).
 *
 * Concurrent callers of such a key compute side by side. Waiting for each other's values, which
 * they cannot use, would make them run one after the other.
 */
export class UnsharedKeys {
  readonly #until = new LRUCache<string, number>({
    max: MOST, maxSize: MOST_CHARACTERS, sizeCalculation: (_until, key) => key.length + 1
  })

  has (key: string): boolean {
    const until = this.#until.get(key)
    return until !== undefined && until > Date.now()
  }

  add (key: string): void {
    this.#until.set(key, Date.now() + REMEMBERED)
  }

  delete (key: string): void {
    this.#until.delete(key)
  }
}
