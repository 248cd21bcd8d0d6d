import { type Cell } from '../grid.js'
import { AMOUNTS, type Amount, IS_DAY, PROBABILITY } from './amounts.js'
import { dayOf, sunOf } from './day.js'
import { Oddities } from './oddities.js'
import { type Json, objectOf, Series } from './series.js'
import { isTime } from './times.js'
import {
  type CurrentWeather,
  type Forecast,
  type Hour,
  type Moment,
  type Origin
} from './weather.js'
import { Zone } from './zone.js'

// Converts untrusted responses of Open-Meteo to weather. Impossible values become null. A response
// of a different shape, about a different place, or without any known amount is an Error, whose
// message has the difference.

const HOUR = 3600
const DAY = 24 * HOUR

export function readCurrent (body: unknown, cell: Cell, odd = new Oddities()): CurrentWeather {
  const answer = about(body, cell)
  const values = objectOf(answer['current'], 'current')
  const units = objectOf(answer['current_units'] ?? {}, 'current_units')
  const of = (amount: Amount) => {
    const path = `current.${amount.variable}`
    const isUnit = amount.unit === undefined || units[amount.variable] === amount.unit
    return isUnit ? odd.amount(amount, values[amount.variable], path) : odd.note(path)
  }
  const amounts = amountsOf(of)
  if (isNothing(amounts)) throw new Error('no amount of it is known')
  const isDay = of(IS_DAY)
  const origin = originOf(answer, zoneOf(answer), odd)
  return {
    ...origin,
    current: { time: origin.modelTime, ...amounts, isDay: isDay === null ? null : isDay === 1 }
  }
}

/**
 * Reads the forecast of some days from today on, by the calendar of the place: each with all of its
 * hours, 23 or 25 across a change of clocks.
 *
 * Open-Meteo returns days of 24 hours by the current offset
 * (https://github.com/open-meteo/open-meteo/issues/488). Therefore the request is for instants, and
 * for a day before and after.
 */
export function readForecast (
  body: unknown,
  cell: Cell,
  days: number,
  odd = new Oddities()
): Forecast {
  const answer = about(body, cell)
  const zone = zoneOf(answer)
  const units = objectOf(answer['hourly_units'] ?? {}, 'hourly_units')
  const hourly = new Series(objectOf(answer['hourly'], 'hourly'), units, 'hourly', HOUR, odd)
  const daily = new Series(objectOf(answer['daily'], 'daily'), {}, 'daily', DAY, odd)
  const origin = originOf(answer, zone, odd)
  // The days from today on. Each is identified by its middle, which is unaffected by changes of
  // clocks.
  const dates = Array.from({ length: days }, (_, i) => {
    const begin = daily.times.first + (i + 1) * DAY
    return { begin, date: zone.date(begin + DAY / 2), hours: new Array<Hour>() }
  })
  const byDate = new Map(dates.map((day) => [day.date, day]))
  const from =
    hourly.times.first + Math.round((daily.times.first - hourly.times.first) / HOUR) * HOUR
  let missing = 0
  for (let time = from; time < from + (days + 3) * DAY; time += HOUR) {
    const local = zone.dateTime(time)
    const day = byDate.get(local.slice(0, 10))
    if (day === undefined) continue
    const of = (amount: Amount) => hourly.amount(amount, time)
    day.hours.push({ time: local, ...amountsOf(of), precipitationProbability: of(PROBABILITY) })
    if (time < hourly.times.first || time >= hourly.times.first + hourly.times.length * HOUR) {
      missing++
    }
  }
  // The end of 16 days may be missing, because there are no more.
  if (missing > MOST_MISSING) throw new Error(`hourly ends ${missing} hours too soon`)
  if (dates.every(({ hours }) => hours.every(isNothing))) {
    throw new Error('no amount of it is known')
  }
  return {
    ...origin,
    hourly: dates.flatMap(({ hours }) => hours),
    daily: dates.map(({ begin, date, hours }) => {
      const { rise, set, daylight } = sunOf(
        daily.timeAt('sunrise', begin),
        daily.timeAt('sunset', begin)
      )
      const told = (time: number | null) =>
        time === null || Math.abs(time - begin - DAY / 2) > DAY ? null : zone.dateTime(time)
      return dayOf(date, hours, { sunrise: told(rise), sunset: told(set), daylight })
    })
  }
}

const MOST_MISSING = 2

// The model's cells are smaller than ours, and it prefers one of similar height nearby. Degrees of
// a great circle.
const NEAR = 1

/** @throws Error for a response about a different place */
function about (body: unknown, cell: Cell): Json {
  const answer = objectOf(body, 'the body')
  const { latitude, longitude } = answer
  if (typeof latitude !== 'number' || typeof longitude !== 'number') {
    throw new Error('it does not say where it is about')
  }
  // The meridians meet at the poles.
  const degree = Math.cos(Math.min(Math.abs(latitude), Math.abs(cell.latitude)) * Math.PI / 180)
  const east = Math.abs(longitude - cell.longitude) % 360
  const isNear =
    Math.abs(latitude - cell.latitude) <= NEAR && Math.min(east, 360 - east) * degree <= NEAR
  if (isNear || isAtPole(latitude, cell)) return answer
  throw new Error(
    `it is about ${latitude}, ${longitude}, not about ${cell.latitude}, ${cell.longitude}`
  )
}

const isAtPole = (latitude: number, cell: Cell) =>
  Math.abs(cell.latitude) === 90 && Math.abs(latitude - cell.latitude) <= NEAR

const zoneOf = (answer: Json) => new Zone(answer['timezone'], answer['utc_offset_seconds'])

function originOf (answer: Json, zone: Zone, odd: Oddities): Origin {
  if (zone.name === null) odd.note('timezone')
  const { time } = objectOf(answer['current'] ?? {}, 'current')
  return {
    source: answer['source'] === 'simulated' ? 'simulated' : 'open-meteo',
    modelTime: isTime(time) ? zone.dateTime(time) : odd.note('current.time'),
    timezone: zone.name
  }
}

type Amounts = Omit<Moment, 'time'>

function amountsOf (of: (amount: Amount) => number | null): Amounts {
  return {
    temperature: of(AMOUNTS.temperature),
    apparentTemperature: of(AMOUNTS.apparentTemperature),
    humidity: of(AMOUNTS.humidity),
    precipitation: of(AMOUNTS.precipitation),
    weatherCode: of(AMOUNTS.weatherCode),
    windSpeed: of(AMOUNTS.windSpeed),
    windDirection: of(AMOUNTS.windDirection)
  }
}

const isNothing = ({
  temperature,
  apparentTemperature,
  humidity,
  precipitation,
  ...rest
}: Amounts) =>
  [
    temperature,
    apparentTemperature,
    humidity,
    precipitation,
    rest.weatherCode,
    rest.windSpeed,
    rest.windDirection
  ].every((amount) => amount === null)
