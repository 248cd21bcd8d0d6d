import { nearestCity } from './cities.js'
import { type Sun, sunOf } from './sun.js'
import { round, type Weather, weatherAt } from './weather.js'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** A request that Open-Meteo refuses, with Open-Meteo's message. */
export class Refused extends Error {}

type Value = number | string | null

interface Variable<Of> {
  readonly unit: string
  readonly of: (source: Of) => Value
}

const NOW: Readonly<Record<string, Variable<Weather>>> = {
  temperature_2m: { unit: '°C', of: ({ temperature }) => temperature },
  apparent_temperature: { unit: '°C', of: ({ apparentTemperature }) => apparentTemperature },
  relative_humidity_2m: { unit: '%', of: ({ humidity }) => humidity },
  precipitation: { unit: 'mm', of: ({ precipitation }) => precipitation },
  precipitation_probability: {
    unit: '%',
    of: ({ precipitationProbability }) => precipitationProbability
  },
  weather_code: { unit: 'wmo code', of: ({ weatherCode }) => weatherCode },
  wind_speed_10m: { unit: 'km/h', of: ({ windSpeed }) => windSpeed },
  wind_direction_10m: { unit: '°', of: ({ windDirection }) => windDirection },
  is_day: { unit: '', of: ({ isDay }) => Number(isDay) }
}

interface Day {
  readonly hours: readonly Weather[]
  readonly sun: Sun
  /** Formats a time. */
  readonly written: (time: number) => Value
}

const all = (pick: (weather: Weather) => number) => ({ hours }: Day) => hours.map(pick)
const most = (pick: (weather: Weather) => number) => (day: Day) => Math.max(...all(pick)(day))

const DAILY: Readonly<Record<string, Variable<Day>>> = {
  weather_code: { unit: 'wmo code', of: most(({ weatherCode }) => weatherCode) },
  temperature_2m_max: { unit: '°C', of: most(({ temperature }) => temperature) },
  temperature_2m_min: {
    unit: '°C',
    of: (day) => Math.min(...all(({ temperature }) => temperature)(day))
  },
  precipitation_sum: {
    unit: 'mm',
    of: (day) =>
      round(all(({ precipitation }) => precipitation)(day).reduce((sum, mm) => sum + mm, 0))
  },
  precipitation_probability_max: {
    unit: '%',
    of: most(({ precipitationProbability }) => precipitationProbability)
  },
  wind_speed_10m_max: { unit: 'km/h', of: most(({ windSpeed }) => windSpeed) },
  sunrise: { unit: 'iso8601', of: ({ sun, written }) => written(sun.rise) },
  sunset: { unit: 'iso8601', of: ({ sun, written }) => written(sun.set) }
}

/**
 * Returns the response of /v1/forecast: metric units, and only the variables listed above. Like
 * Open-Meteo, it has days of 24 hours by the current offset, whatever the clocks do
 * (https://github.com/open-meteo/open-meteo/issues/488).
 * @throws Refused
 */
export function forecast (query: URLSearchParams, now: number): Record<string, unknown> {
  const latitude = coordinate(query, 'latitude', 90)
  const longitude = coordinate(query, 'longitude', 180)
  const forecastDays = count(query, 'forecast_days', 7, 16)
  const pastDays = count(query, 'past_days', 0, 92)
  const days = pastDays + forecastDays
  const daily = variables(query, 'daily', DAILY)
  const timezone = query.get('timezone')
  if (daily.length > 0 && timezone === null) throw new Refused('Timezone is required')
  const zone = timezone === 'auto' ? nearestCity(latitude, longitude).timezone : timezone ?? 'GMT'
  const offset = offsetOf(zone, now)
  const start = (Math.floor((now + offset) / (24 * HOUR)) - pastDays) * 24 * HOUR - offset
  const timeformat = query.get('timeformat') ?? 'iso8601'
  if (timeformat !== 'iso8601' && timeformat !== 'unixtime') {
    throw new Refused(`Cannot initialize Timeformat from invalid String value ${timeformat}.`)
  }
  const written = (time: number): Value =>
    timeformat === 'unixtime' ? Math.round(time / 1000) : local(time, offset)
  const unitsOf = <Of>(chosen: [string, Variable<Of>][]) =>
    Object.fromEntries(
      chosen.map(([name, { unit }]) => [name, unit === 'iso8601' ? timeformat : unit])
    )
  const at = (time: number) => weatherAt(latitude, longitude, time)

  const body: Record<string, unknown> = {
    latitude: onGrid(latitude),
    longitude: onGrid(longitude),
    generationtime_ms: 0.1,
    utc_offset_seconds: offset / 1000,
    timezone: zone,
    timezone_abbreviation: zone === 'GMT' ? 'GMT' : abbreviation(offset),
    elevation: 38,
    source: 'simulated'
  }
  const current = variables(query, 'current', NOW)
  if (current.length > 0) {
    const quarter = Math.floor(now / (15 * MINUTE)) * 15 * MINUTE
    body['current_units'] = { time: timeformat, interval: 'seconds', ...unitsOf(current) }
    body['current'] = {
      time: written(quarter),
      interval: 900,
      ...Object.fromEntries(current.map(([name, { of }]) => [name, of(at(now))]))
    }
  }
  const hourly = variables(query, 'hourly', NOW)
  if (hourly.length > 0) {
    const times = Array.from({ length: days * 24 }, (_, i) => start + i * HOUR)
    const hours = times.map(at)
    body['hourly_units'] = { time: timeformat, ...unitsOf(hourly) }
    body['hourly'] = { time: times.map(written), ...series(hourly, hours) }
  }
  if (daily.length > 0) {
    const begins = Array.from({ length: days }, (_, i) => start + i * 24 * HOUR)
    const each = begins.map((begin): Day => ({
      hours: Array.from({ length: 24 }, (_, hour) => at(begin + hour * HOUR)),
      sun: sunOf(latitude, longitude, begin),
      written
    }))
    body['daily_units'] = { time: timeformat, ...unitsOf(daily) }
    const dates = begins.map((begin) =>
      timeformat === 'unixtime' ? written(begin) : local(begin, offset).slice(0, 10)
    )
    body['daily'] = { time: dates, ...series(daily, each) }
  }
  return body
}

function coordinate (query: URLSearchParams, name: string, most: number): number {
  const text = query.get(name)
  if (text === null) throw new Refused(`Value of type 'Float' required for key '${name}'.`)
  const value = Number(text)
  if (text === '' || Number.isNaN(value)) {
    throw new Refused(`Value of type 'Float' required for key '${name}'.`)
  }
  if (Math.abs(value) <= most) return value
  throw new Refused(
    `${name === 'latitude' ? 'Latitude' : 'Longitude'} must be in range of -${most} to ${most}°. Given: ${value.toFixed(1)}.`
  )
}

function count (query: URLSearchParams, name: string, otherwise: number, most: number): number {
  const value = Number(query.get(name) ?? otherwise)
  if (Number.isInteger(value) && value >= 0 && value <= most) return value
  const what = name.replace('_', ' ').replace(/^./, (first) => first.toUpperCase())
  throw new Refused(`${what} is invalid. Allowed range 0 to ${most}. Given ${query.get(name)}.`)
}

function variables<Of> (
  query: URLSearchParams,
  list: string,
  known: Readonly<Record<string, Variable<Of>>>
): [string, Variable<Of>][] {
  return query
    .getAll(list)
    .flatMap((names) => names.split(','))
    .filter((name) => name !== '')
    .map((name) => {
      const variable = Object.hasOwn(known, name) ? known[name] : undefined
      if (variable === undefined) {
        throw new Refused(
          `Data corrupted at path ''. Cannot initialize ${list} variable from invalid String value ${name}.`
        )
      }
      return [name, variable]
    })
}

function series<Of> (
  chosen: [string, Variable<Of>][],
  sources: readonly Of[]
): Record<string, Value[]> {
  return Object.fromEntries(chosen.map(([name, { of }]) => [name, sources.map(of)]))
}

/** Rounds to the grid of the model, which is finer than the one that clients request. */
const onGrid = (degrees: number) => Math.round(degrees * 16) / 16

/** A local time at that offset, in Open-Meteo's format: without the offset. */
const local = (time: number, offset: number) => new Date(time + offset).toISOString().slice(0, 16)

/** Offset of a time zone in milliseconds. */
function offsetOf (timeZone: string, time: number): number {
  let parts
  try {
    parts = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' }).formatToParts(
      time
    )
  } catch {
    throw new Refused('Invalid timezone')
  }
  const [, sign, hours, minutes] =
    /GMT([+-])(\d\d):(\d\d)/.exec(
      parts.find(({ type }) => type === 'timeZoneName')?.value ?? ''
    ) ?? []
  return (sign === '-' ? -1 : 1) * (Number(hours ?? 0) * HOUR + Number(minutes ?? 0) * MINUTE)
}

function abbreviation (offset: number): string {
  const hours = offset / HOUR
  return `GMT${hours < 0 ? '' : '+'}${hours}`
}
