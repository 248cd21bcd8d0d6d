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

const DEFAULT: Range = {
  id: '15m',
  label: '15 minutes',
  stretch: '15 minutes',
  minutes: 15,
  step: 'minute'
}

export const RANGES: readonly Range[] = [
  DEFAULT,
  { id: '1h', label: '1 hour', stretch: 'hour', minutes: 60, step: 'minute' },
  { id: '24h', label: '24 hours', stretch: '24 hours', minutes: 24 * 60, step: 'minute' },
  { id: '30d', label: '30 days', stretch: '30 days', minutes: 30 * 24 * 60, step: 'hour' }
]

/** What the address says; the last 15 minutes where it says nothing that is known. */
export const rangeOf = (id: string | null): Range =>
  RANGES.find((range) => range.id === id) ?? DEFAULT

/**
 * `from` and `to` for the API, of whole minutes, so that viewers within the same minute share a
 * cached response.
 */
export const bounds = (range: Range, now: number): string => spanUntil(endOf(now), range)

/** The same length of time directly before. */
export const boundsBefore = (range: Range, now: number): string =>
  spanUntil(endOf(now) - range.minutes * MINUTE, range)

const MINUTE = 60_000
const endOf = (now: number): number => (Math.floor(now / MINUTE) + 1) * MINUTE
const spanUntil = (to: number, { minutes }: Range): string =>
  `from=${to - minutes * MINUTE}&to=${to}`
