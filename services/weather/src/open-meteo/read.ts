import { type Static, type TSchema } from 'typebox'
import { Compile, type Validator } from 'typebox/compile'
import { WEATHER_ERR_UPSTREAM_INVALID } from '../errors.js'
import { type Cell } from '../grid.js'
import { type CurrentAnswer, CurrentAnswerSchema, ForecastAnswerSchema, SearchAnswerSchema } from './answers.js'
import { type CurrentWeather, type Forecast, type NamedPlace, type Origin } from './weather.js'

// From what Open-Meteo sent, of which nothing is known, to what is known to be weather. All throw WEATHER_ERR_UPSTREAM_INVALID.

const current = Compile(CurrentAnswerSchema)
const forecast = Compile(ForecastAnswerSchema)
const search = Compile(SearchAnswerSchema)

export function readCurrent (body: unknown, cell: Cell): CurrentWeather {
  const answer = checked(current, body)
  checkPlace(answer, cell)
  const { time, is_day: isDay, ...values } = answer.current
  return {
    ...originOf(answer),
    current: {
      time: at(time, answer),
      temperature: values.temperature_2m,
      apparentTemperature: values.apparent_temperature,
      humidity: values.relative_humidity_2m,
      precipitation: values.precipitation,
      weatherCode: values.weather_code,
      windSpeed: values.wind_speed_10m,
      windDirection: values.wind_direction_10m,
      isDay: isDay === 1
    }
  }
}

/** @param days how many were asked for */
export function readForecast (body: unknown, cell: Cell, days: number): Forecast {
  const answer = checked(forecast, body)
  checkPlace(answer, cell)
  const { hourly, daily } = answer
  checkLengths(hourly, days * 24)
  checkLengths(daily, days)
  return {
    ...originOf(answer),
    hourly: hourly.time.map((time, i) => ({
      time: at(time, answer),
      temperature: hourly.temperature_2m[i] ?? null,
      apparentTemperature: hourly.apparent_temperature[i] ?? null,
      humidity: hourly.relative_humidity_2m[i] ?? null,
      precipitation: hourly.precipitation[i] ?? null,
      precipitationProbability: hourly.precipitation_probability[i] ?? null,
      weatherCode: hourly.weather_code[i] ?? null,
      windSpeed: hourly.wind_speed_10m[i] ?? null,
      windDirection: hourly.wind_direction_10m[i] ?? null
    })),
    daily: daily.time.map((date, i) => ({
      date,
      weatherCode: daily.weather_code[i] ?? null,
      temperatureMax: daily.temperature_2m_max[i] ?? null,
      temperatureMin: daily.temperature_2m_min[i] ?? null,
      precipitation: daily.precipitation_sum[i] ?? null,
      precipitationProbability: daily.precipitation_probability_max[i] ?? null,
      windSpeedMax: daily.wind_speed_10m_max[i] ?? null,
      sunrise: timeOrNull(daily.sunrise[i], answer),
      sunset: timeOrNull(daily.sunset[i], answer)
    }))
  }
}

/** The place that was found, or null. */
export function readPlace (body: unknown): NamedPlace | null {
  const [found] = checked(search, body).results ?? []
  if (found === undefined) return null
  const { name, country = null, country_code: countryCode = null, latitude, longitude } = found
  return { name, country, countryCode, latitude, longitude }
}

function checked<Schema extends TSchema> (validator: Validator<Record<never, never>, Schema>, body: unknown): Static<Schema> {
  if (validator.Check(body)) return body
  const [first] = validator.Errors(body)
  return invalid(first === undefined ? 'not what was expected' : `${first.instancePath || 'the body'} ${first.message}`)
}

type Located = Pick<CurrentAnswer, 'latitude' | 'longitude' | 'utc_offset_seconds' | 'timezone' | 'source'>

// The model's cells are smaller than ours, and it prefers one of the same height nearby.
const NEAR = 1

function checkPlace ({ latitude, longitude }: Located, cell: Cell): void {
  const east = Math.abs(longitude - cell.longitude)
  if (Math.abs(latitude - cell.latitude) <= NEAR && Math.min(east, 360 - east) <= NEAR) return
  invalid(`it is about ${latitude}, ${longitude}, not about ${cell.latitude}, ${cell.longitude}`)
}

function checkLengths (lists: Readonly<Record<string, readonly unknown[]>>, length: number): void {
  for (const [name, list] of Object.entries(lists)) {
    if (list.length !== length) invalid(`${name} has ${list.length} values, not ${length}`)
  }
}

function invalid (problem: string): never {
  throw new WEATHER_ERR_UPSTREAM_INVALID({ cause: new Error(problem) })
}

function originOf (answer: Located & { readonly current: { readonly time: string } }): Origin {
  return { source: answer.source ?? 'open-meteo', modelTime: at(answer.current.time, answer), timezone: answer.timezone }
}

/** Open-Meteo's local times, with the offset that it says apart from them: as date-time of RFC 3339. */
function at (local: string, { utc_offset_seconds: offset }: Located): string {
  const minutes = Math.abs(Math.round(offset / 60))
  const two = (value: number) => String(value).padStart(2, '0')
  return `${local}:00${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`
}

const timeOrNull = (local: string | null | undefined, answer: Located) => local ? at(local, answer) : null
