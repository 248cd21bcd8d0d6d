// The number of keys that are remembered for certain; of older ones up to as many again.
const MOST = 1000

/** A value for each of the keys that were noted last: 1,000 for certain, 2,000 at most. */
export class RecentKeys<V, K = string> {
  #values = new Map<K, V>()
  #older = new Map<K, V>()

  get (key: K): V | undefined {
    return this.#values.get(key) ?? this.#older.get(key)
  }

  set (key: K, value: V): void {
    if (this.#values.size >= MOST && !this.#values.has(key)) {
      this.#older = this.#values
      this.#values = new Map()
    }
    this.#values.set(key, value)
  }

  delete (key: K): void {
    this.#values.delete(key)
    this.#older.delete(key)
  }
}
