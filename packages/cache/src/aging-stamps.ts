import type { Stamp } from './validity.js'

// One map of some 100,000 names takes 10 ms and more to grow, in which nothing else happens.
const PARTS = 16

/**
 * Stamps by name, the one recorded longest ago first. That need not be the lowest: a swap is
 * recorded after later stamps were issued. Dropping it costs the same however many went before.
 */
export class AgingStamps {
  readonly #parts = Array.from({ length: PARTS }, () => new Part())
  #size = 0

  get size (): number {
    return this.#size
  }

  get (name: string): Stamp | undefined {
    return this.#partOf(name).get(name)
  }

  /** Records the stamp as the latest of all. */
  set (name: string, stamp: Stamp): void {
    const part = this.#partOf(name)
    const before = part.size
    part.set(name, stamp)
    this.#size += part.size - before
  }

  delete (name: string): void {
    if (this.#partOf(name).delete(name)) this.#size--
  }

  oldest (): readonly [name: string, stamp: Stamp] | undefined {
    let oldest: readonly [name: string, stamp: Stamp] | undefined
    for (const part of this.#parts) {
      const first = part.oldest()
      if (first !== undefined && (oldest === undefined || first[1] < oldest[1])) oldest = first
    }
    return oldest
  }

  /** A record without a place would be a lost invalidation: an error, rather than nothing. */
  #partOf (name: string): Part {
    const part = this.#parts[hashOf(name)]
    if (part === undefined) throw new RangeError(`no part for ${name}`)
    return part
  }
}

/**
 * Hashes the last two characters and the length, which takes nanoseconds: numbered names differ
 * near their end.
 */
function hashOf (name: string): number {
  const last = name.length - 1
  return (name.charCodeAt(last) * 31 + name.charCodeAt(last - 1) + last) & (PARTS - 1)
}

class Part {
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

  set (name: string, stamp: Stamp): void {
    this.#stamps.delete(name)
    this.#stamps.set(name, stamp)
  }

  delete (name: string): boolean {
    return this.#stamps.delete(name)
  }

  oldest (): readonly [name: string, stamp: Stamp] | undefined {
    while (this.#stamps.size > 0) {
      // A name that was recorded again since has moved to the end.
      if (this.#oldest !== undefined && this.#stamps.get(this.#oldest[0]) === this.#oldest[1]) {
        return this.#oldest
      }
      const next = this.#iterator.next()
      if (next.done === true) this.#iterator = this.#stamps.entries()
      else this.#oldest = next.value
    }
    return undefined
  }
}
