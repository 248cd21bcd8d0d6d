// The number of keys that are remembered.
const MOST = 1000

/** A value for each of the keys that were noted last. */
export class RecentKeys<V> {
  readonly #values = new Map<string, V>()

  get (key: string): V | undefined {
    return this.#values.get(key)
  }

  set (key: string, value: V): void {
    this.#values.delete(key)
    this.#values.set(key, value)
    if (this.#values.size <= MOST) return
    const [oldest = key] = this.#values.keys()
    this.#values.delete(oldest)
  }

  delete (key: string): void {
    this.#values.delete(key)
  }
}
