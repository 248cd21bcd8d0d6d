/**
 * Units of a response. Documents are stored in metric units, so that responses in all units share
 * them.
 */
export type Units = 'metric' | 'imperial'

type Amount = number | null

const round = (value: number, digits: number) => Math.round(value * 10 ** digits) / 10 ** digits + 0
const converted = (units: Units, value: Amount, convert: (value: number) => number): Amount =>
  value === null || units === 'metric' ? value : convert(value)

export const temperature = (units: Units, celsius: Amount) =>
  converted(units, celsius, (value) => round(value * 1.8 + 32, 1))
export const speed = (units: Units, kmh: Amount) =>
  converted(units, kmh, (value) => round(value / 1.609344, 1))
export const rainfall = (units: Units, mm: Amount) =>
  converted(units, mm, (value) => round(value / 25.4, 3))
