/** A round number not below `value`, for the end of an axis. */
export function roundUp (value: number): number {
  if (value <= 0) return 1
  const power = 10 ** Math.floor(Math.log10(value))
  return (
    [1, 1.5, 2, 3, 4, 5, 6, 8, 10].map((factor) => factor * power).find((end) => end >= value) ??
    value
  )
}

/** Powers of ten around the given times, for a logarithmic axis. */
export function powersAround (values: readonly number[]): number[] {
  const first = Math.floor(Math.log10(Math.min(...values)))
  const last = Math.max(first + 1, Math.ceil(Math.log10(Math.max(...values))))
  return Array.from({ length: last - first + 1 }, (_, i) => 10 ** (first + i))
}

const numbers = new Intl.NumberFormat('en', { maximumFractionDigits: 2 })

/** A number in readable form. */
export const figure = (value: number): string =>
  numbers.format(value >= 100 ? Math.round(value) : value)
