/** The median of several rounds, and the extremes, which show how reliable it is. */
export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

export function spread (values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b)
  const [min] = sorted
  const max = sorted.at(-1)
  if (min === undefined || max === undefined) throw new Error('no rounds')
  return { median: (at(sorted, (sorted.length - 1) / 2)), min, max }
}

/** The value at a position, interpolated between neighbors if it is not whole. */
function at (sorted: readonly number[], position: number): number {
  const below = sorted[Math.floor(position)] ?? 0
  const above = sorted[Math.ceil(position)] ?? 0
  return (below + above) / 2
}
