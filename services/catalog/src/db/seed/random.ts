/** Random-looking numbers that are the same on every machine. */
export interface Random {
  /** Returns a number in [0, 1). */
  next (): number
  /** Returns a whole number in [low, high]. */
  between (low: number, high: number): number
  pick<T> (items: readonly T[]): T
}

/** Mulberry32: 32 bits of state, sufficient for sample data, but not for secrets. */
export function createRandom (seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6D2B79F5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return {
    next,
    between: (low, high) => low + Math.floor(next() * (high - low + 1)),
    pick (items) {
      const item = items[Math.floor(next() * items.length)]
      if (item === undefined) throw new RangeError('There is nothing to pick from')
      return item
    }
  }
}
