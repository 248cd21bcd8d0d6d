/** A stretch of time that ends now. */
export interface Range {
  readonly id: string
  readonly label: string
  /** After "the last". */
  readonly stretch: string
  readonly minutes: number
  /** That history is asked in. */
  readonly step: 'minute' | 'hour'
}

const DEFAULT: Range = { id: '15m', label: '15 minutes', stretch: '15 minutes', minutes: 15, step: 'minute' }

export const RANGES: readonly Range[] = [
  DEFAULT,
  { id: '1h', label: '1 hour', stretch: 'hour', minutes: 60, step: 'minute' },
  { id: '24h', label: '24 hours', stretch: '24 hours', minutes: 24 * 60, step: 'minute' },
  { id: '30d', label: '30 days', stretch: '30 days', minutes: 30 * 24 * 60, step: 'hour' }
]

/** What the address says; the last 15 minutes where it says nothing that is known. */
export const rangeOf = (id: string | null): Range => RANGES.find((range) => range.id === id) ?? DEFAULT

/** `from` and `to` for the API. To whole minutes, so that all who look at the same minute share a cached answer. */
export function bounds (range: Range, now: number): string {
  const to = (Math.floor(now / 60_000) + 1) * 60_000
  return `from=${to - range.minutes * 60_000}&to=${to}`
}
