/** Size of the coordinate system of a sparkline. */
export const SPARK = { width: 100, height: 30 } as const

/**
 * Returns the path of a sparkline through its known values, in `SPARK` coordinates. Skips null;
 * empty for fewer than two values.
 *
 * @param most the value at the top; zero is at the bottom
 * @example sparkPath([0, null, 1], 1) // 'M0,30L100,0'
 */
export function sparkPath (values: readonly (number | null)[], most: number): string {
  const step = SPARK.width / Math.max(1, values.length - 1)
  const round = (value: number) => Math.round(value * 100) / 100
  const corners = values.flatMap((value, index) =>
    value === null
      ? []
      : [`${round(index * step)},${round(SPARK.height * (1 - value / (most || 1)))}`]
  )
  return corners.length < 2 ? '' : `M${corners.join('L')}`
}

/** Returns the largest value of all series; 0 if there are none. */
export const mostOf = (series: readonly (readonly (number | null)[])[]): number =>
  Math.max(0, ...series.flat().map((value) => value ?? 0))
