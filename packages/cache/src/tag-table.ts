import type { Stamp } from './store.js'

/**
 * Tag records in memory, oldest first, at most `limit` of them. Dropping a record raises the floor to its
 * stamp: what cannot be judged any more is invalid.
 */
export class TagTable {
  floor: Stamp
  readonly #stamps = new Map<string, Stamp>()

  constructor (floor: Stamp, readonly limit: number) {
    this.floor = floor
  }

  get size (): number {
    return this.#stamps.size
  }

  /** Stamps should come in ascending order, which is what pruning goes by; a record that is below what is known changes nothing. */
  record (tag: string, stamp: Stamp): void {
    if (stamp <= this.barrier([tag])) return
    this.#stamps.delete(tag)
    this.#stamps.set(tag, stamp)
    while (this.#stamps.size > this.limit) {
      const [oldest] = this.#stamps
      if (oldest === undefined) return
      this.#stamps.delete(oldest[0])
      this.floor = Math.max(this.floor, oldest[1])
    }
  }

  /** Everything up to and including `stamp` is invalid from now on; records below it say nothing more. */
  raise (stamp: Stamp): void {
    this.floor = Math.max(this.floor, stamp)
    for (const [tag, recorded] of this.#stamps) {
      if (recorded > this.floor) break
      this.#stamps.delete(tag)
    }
  }

  barrier (tags: readonly string[]): Stamp {
    let barrier = this.floor
    for (const tag of tags) {
      const stamp = this.#stamps.get(tag)
      if (stamp !== undefined && stamp > barrier) barrier = stamp
    }
    return barrier
  }
}
