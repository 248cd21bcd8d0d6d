import { createHash } from 'node:crypto'

/** Random choices, repeatable by seed. */
export class Random {
  readonly #seed: string
  #state: number

  constructor (seed: string) {
    this.#seed = seed
    this.#state = createHash('sha256').update(seed).digest().readInt32LE()
  }

  /** Choices for another purpose, which do not depend on how many were made here. */
  of (who: string): Random {
    return new Random(`${this.#seed}/${who}`)
  }

  /** A number from 0 to 1, excluding 1 (mulberry32). */
  next (): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  chance (probability: number): boolean {
    return this.next() < probability
  }

  between (least: number, most: number): number {
    return least + this.next() * (most - least)
  }

  /**
   * A number that is as likely between 10 and 100 as between 100 and 1000, so that short ones are
   * common.
   */
  magnitude (least: number, most: number): number {
    return Math.exp(this.between(Math.log(least), Math.log(most)))
  }

  /** An integer from 0 to `count` - 1, low ones much more often. */
  skewed (count: number): number {
    return Math.floor(count * this.next() ** 2.5)
  }

  /** @throws RangeError for an empty list */
  pick<T> (list: readonly T[]): T {
    const picked = list[Math.floor(this.next() * list.length)]
    if (picked === undefined) throw new RangeError('nothing to pick from')
    return picked
  }

  shuffled<T> (list: readonly T[]): T[] {
    return list
      .map((item) => ({ item, order: this.next() }))
      .sort((a, b) => a.order - b.order)
      .map(({ item }) => item)
  }
}
