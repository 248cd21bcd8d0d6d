/** A pseudorandom number generator: the same numbers for the same seed (mulberry32). */
export class Random {
  #state: number

  constructor (seed: number) {
    this.#state = seed
  }

  /** Returns a number from 0, below 1. */
  next (): number {
    this.#state = (this.#state + 0x6D2B79F5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** Returns an integer in the range, both ends included. */
  integer (from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1))
  }

  pick<V> (values: readonly [V, ...V[]]): V {
    return values[this.integer(0, values.length - 1)] ?? values[0]
  }
}

/** Returns a generator of integers from 0 below a limit, the same for the same seed. */
export function random (seed: number): (limit: number) => number {
  const numbers = new Random(seed)
  return (limit) => numbers.integer(0, limit - 1)
}
