// Number of keys, and of their characters, that are certainly kept; up to as many older ones may be
// kept too.
const MOST = 1000
const MOST_CHARACTERS = 256 * 1024

/**
 * Values by key for the most recently set keys.
 *
 * Keeps at least 1,000 and at most 2,000, or fewer if keys are long, such as URLs of 16 KiB.
 */
export class RecentKeys<V, K extends string | number = string> {
  #values = new Map<K, V>()
  #older = new Map<K, V>()
  #characters = 0

  get (key: K): V | undefined {
    return this.#values.get(key) ?? this.#older.get(key)
  }

  set (key: K, value: V): void {
    if (!this.#values.has(key)) {
      if (this.#values.size >= MOST || this.#characters >= MOST_CHARACTERS) {
        this.#older = this.#values
        this.#values = new Map()
        this.#characters = 0
      }
      this.#characters += typeof key === 'string' ? key.length : 1
    }
    this.#values.set(key, value)
  }

  delete (key: K): void {
    this.#values.delete(key)
    this.#older.delete(key)
  }
}
