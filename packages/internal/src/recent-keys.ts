// The number of keys that are remembered for certain, and of their characters; of older ones up to
// as many again.
const MOST = 1000
const MOST_CHARACTERS = 256 * 1024

/**
 * A value for each of the keys that were noted last: 1,000 for certain, 2,000 at most, and fewer
 * where they are long, as URLs of 16 KiB are.
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
