// Formats numbers for readers. All functions format an unknown value (null) as a dash.

const LOCALE = 'en-GB'
const NOTHING = '–'
/** No-break space. */
const TIED = '\u00a0'
const MINUS = '−'

const whole = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 0 })
const digits = [0, 1, 2, 3].map(
  (fraction) =>
    new Intl.NumberFormat(LOCALE, {
      minimumFractionDigits: fraction,
      maximumFractionDigits: fraction
    })
)
const euro = new Intl.NumberFormat(LOCALE, { style: 'currency', currency: 'EUR' })
const clock = new Intl.DateTimeFormat(LOCALE, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit'
})
const clockMinutes = new Intl.DateTimeFormat(LOCALE, { hour: '2-digit', minute: '2-digit' })
const day = new Intl.DateTimeFormat(LOCALE, { day: 'numeric', month: 'short' })

type Maybe = number | null | undefined

const isNothing = (value: Maybe): value is null | undefined =>
  value === null || value === undefined || !Number.isFinite(value)

/** Formats a number with `fraction` decimal places. */
const fixed = (value: number, fraction: number): string => (digits[fraction] ?? whole).format(value)

/** Formats three digits: enough to notice a change, and few enough to read while it changes. */
const threeDigits = (value: number): string =>
  fixed(value, Math.abs(value) < 10 ? 2 : Math.abs(value) < 100 ? 1 : 0)

/** @example count(12345) // '12,345' */
export const count = (value: Maybe): string => isNothing(value) ? NOTHING : whole.format(value)

/**
 * Formats a rate per second without trailing zeros.
 *
 * @example rate(12.34) // '12.3'
 */
export const rate = (value: Maybe): string =>
  isNothing(value) ? NOTHING : withoutZeros(threeDigits(value))

/**
 * Removes a fraction of zeros, which would only take up space on an axis.
 *
 * @example withoutZeros('10.0 ms') // '10 ms'
 */
export const withoutZeros = (text: string): string => text.replace(/\.0+(?!\d)/, '')

/**
 * Formats a ratio from 0 to 1. Only exactly 1 is 100%, and only exactly 0 is 0%.
 *
 * @example percent(0.9996) // '99.9%'
 */
export function percent (value: Maybe): string {
  if (isNothing(value)) return NOTHING
  if (value === 0 || value === 1) return `${value * 100}%`
  return `${fixed(Math.min(99.9, Math.max(0.1, value * 100)), 1)}%`
}

/**
 * Formats milliseconds.
 *
 * @example ms(0.234) // '0.23 ms'
 */
export function ms (value: Maybe): string {
  if (isNothing(value)) return NOTHING
  if (value >= 10_000) return duration(value)
  return value >= 1000
    ? `${threeDigits(value / 1000)} s`
    : `${value === 0 ? '0' : threeDigits(value)} ms`
}

/**
 * Formats a size in binary units.
 *
 * @example bytes(1536) // '1.50 KiB'
 */
export function bytes (value: Maybe): string {
  if (isNothing(value)) return NOTHING
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  const step = Math.min(
    units.length - 1,
    Math.max(0, Math.floor(Math.log2(Math.max(1, value)) / 10))
  )
  return `${step === 0 ? whole.format(value) : threeDigits(value / 1024 ** step)} ${units[step]}`
}

/**
 * Formats a duration in its two largest units.
 *
 * @param value milliseconds
 * @example duration(3_720_000) // '1 h 2 min'
 */
export function duration (value: Maybe): string {
  if (isNothing(value)) return NOTHING
  const seconds = Math.round(Math.abs(value) / 1000)
  const sign = value < 0 && seconds > 0 ? MINUS : ''
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's']
  ] as const
  const first = parts.findIndex(([amount]) => amount > 0)
  if (first === -1) return `0${TIED}s`
  return (
    sign +
    parts
      .slice(first, first + 2)
      .filter(([amount]) => amount > 0)
      .map(([amount, unit]) => `${whole.format(amount)}${TIED}${unit}`)
      .join(TIED)
  )
}

/**
 * Formats a price.
 *
 * @param cents minor units
 * @example money(1299) // '€12.99'
 */
export const money = (cents: number): string => euro.format(cents / 100)

/**
 * Formats a time of day such as `14:03:07`.
 *
 * @param at ms since 1970
 */
export const time = (at: number): string => clock.format(at)

/** Formats a time for the axis of a chart that spans `span` ms. */
export function axisTime (at: number, span: number): string {
  if (span <= 15 * 60_000) return clock.format(at)
  return span <= 36 * 3_600_000
    ? clockMinutes.format(at)
    : `${day.format(at)} ${clockMinutes.format(at)}`
}

/** Formats a time of day, preceded by the date unless it is today. */
export function dateTime (at: number, now = Date.now()): string {
  return new Date(at).toDateString() === new Date(now).toDateString()
    ? time(at)
    : `${day.format(at)} ${time(at)}`
}

/**
 * Parses a typed price into minor units; returns undefined if it is not a price.
 *
 * @example parseMoney('12,5') // 1250
 */
export function parseMoney (text: string): number | undefined {
  const match = /^\s*(\d{1,7})(?:[.,](\d{1,2}))?\s*$/.exec(text)
  if (match === null) return undefined
  return Number(match[1]) * 100 + Number((match[2] ?? '').padEnd(2, '0'))
}

/**
 * Formats a price for an input that `parseMoney` reads.
 *
 * @example moneyInput(1250) // '12.50'
 */
export const moneyInput = (cents: number): string =>
  `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`
