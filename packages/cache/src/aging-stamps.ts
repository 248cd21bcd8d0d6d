import type { Stamp } from './validity.js'

// Growing a single map of about 100,000 names blocks the event loop for 10 ms or more.
const PARTS = 16

/**
 * Stamps by name, ordered by when they were recorded.
 *
 * The oldest record need not have the lowest stamp: a swap is recorded after later stamps were
 * issued. The cost of dropping a record does not depend on how many were dropped before.
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

  /** Records the stamp as the most recent one. */
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

  /** A record without a part would be a lost invalidation, so throw instead of dropping it. */
  #partOf (name: string): Part {
    const part = this.#parts[hashOf(name)]
    if (part === undefined) throw new RangeError(`no part for ${name}`)
    return part
  }
}

/**
 * Hashes the last two characters and the length, which takes nanoseconds: numbered names differ
 * near the end.
 */
function hashOf (name: string): number {
  const last = name.length - 1
  return (name.charCodeAt(last) * 31 + name.charCodeAt(last - 1) + last) & (PARTS - 1)
}

class Part {
  readonly #stamps = new Map<string, Stamp>()
  /** One iterator for the whole pass: a new one would walk over every record dropped so far. */
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
      // A name that has been recorded again has moved to the end.
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
