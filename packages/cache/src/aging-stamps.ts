import type { Stamp } from './validity.js'

/** Stamps by name, the one recorded longest ago first. Dropping it costs the same however many went before. */
export class AgingStamps {
  readonly #stamps = new Map<string, Stamp>()
  /** Goes through the map once: an iterator made anew would walk over all that was ever dropped. */
  #iterator = this.#stamps.entries()
  #oldest: readonly [name: string, stamp: Stamp] | undefined

  get size (): number {
    return this.#stamps.size
  }

  get (name: string): Stamp | undefined {
    return this.#stamps.get(name)
  }

  /** Records the stamp as the latest of all. */
  set (name: string, stamp: Stamp): void {
    this.#stamps.delete(name)
    this.#stamps.set(name, stamp)
  }

  delete (name: string): void {
    this.#stamps.delete(name)
  }

  oldest (): readonly [name: string, stamp: Stamp] | undefined {
    while (this.#stamps.size > 0) {
      // A name that was recorded again since has moved to the end.
      if (this.#oldest !== undefined && this.#stamps.get(this.#oldest[0]) === this.#oldest[1]) return this.#oldest
      const next = this.#iterator.next()
      if (next.done === true) this.#iterator = this.#stamps.entries()
      else this.#oldest = next.value
    }
    return undefined
  }
}
