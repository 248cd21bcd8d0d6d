// The number of keys that are remembered for certain; of older ones up to as many again.
const MOST = 1000

/** A value for each of the keys that were noted last. */
export class RecentKeys<V> {
  #values = new Map<string, V>()
  #older = new Map<string, V>()

  get (key: string): V | undefined {
    return this.#values.get(key) ?? this.#older.get(key)
  }

  set (key: string, value: V): void {
    if (this.#values.size >= MOST && !this.#values.has(key)) {
      this.#older = this.#values
      this.#values = new Map()
    }
    this.#values.set(key, value)
  }

  delete (key: string): void {
    this.#values.delete(key)
    this.#older.delete(key)
  }
}
