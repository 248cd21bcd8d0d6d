import { type Day, type Hour } from './weather.js'

// Fraction of a day's hours that must be known to summarize the day.
const ENOUGH = 0.8
const DAY = 24 * 3600

/**
 * Summarizes a day from its hours, 23 or 25 of them across a change of clocks.
 * @param sun its sunrise and sunset, and seconds of daylight
 */
export function dayOf (
  date: string,
  hours: readonly Hour[],
  sun: Pick<Day, 'sunrise' | 'sunset' | 'daylight'>
): Day {
  const of = (
    pick: (hour: Hour) => number | null,
    tell: (values: number[]) => number
  ): number | null => {
    const values = hours.map(pick).filter((value) => value !== null)
    return values.length > 0 && values.length >= hours.length * ENOUGH ? tell(values) : null
  }
  const highest = (values: number[]) => Math.max(...values)
  const lowest = (values: number[]) => Math.min(...values)
  const sum = (values: number[]) =>
    Math.round(values.reduce((total, value) => total + value, 0) * 100) / 100
  return {
    date,
    // The codes ascend with the severity of the weather.
    weatherCode: of(({ weatherCode }) => weatherCode, highest),
    temperatureMax: of(({ temperature }) => temperature, highest),
    temperatureMin: of(({ temperature }) => temperature, lowest),
    precipitation: of(({ precipitation }) => precipitation, sum),
    precipitationProbability: of(
      ({ precipitationProbability }) => precipitationProbability,
      highest
    ),
    windSpeedMax: of(({ windSpeed }) => windSpeed, highest),
    ...sun
  }
}

/** Seconds; null: unknown, or none. */
interface Sun {
  readonly rise: number | null
  readonly set: number | null
  readonly daylight: number | null
}

/**
 * Returns sunrise and sunset, in seconds since the epoch. Open-Meteo reports a polar night as no
 * time between them, and a polar day as 24 hours: then the sun neither rises nor sets.
 */
export function sunOf (rise: number | null, set: number | null): Sun {
  const daylight = rise === null || set === null ? null : set - rise
  if (daylight === 0 || daylight === DAY) return { rise: null, set: null, daylight }
  return {
    rise,
    set,
    daylight: daylight !== null && daylight > 0 && daylight < DAY ? daylight : null
  }
}
