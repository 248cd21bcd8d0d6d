/** An observable value. Views subscribe to its changes. */
export class Stored<T> {
  #value: T
  readonly #listeners = new Set<() => void>()

  constructor (value: T) {
    this.#value = value
  }

  get (): T {
    return this.#value
  }

  set (value: T): void {
    if (Object.is(value, this.#value)) return
    this.#value = value
    for (const listener of [...this.#listeners]) listener()
  }

  /** Calls `listener` after each change. Returns a function that unsubscribes. */
  subscribe (listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => { this.#listeners.delete(listener) }
  }
}
