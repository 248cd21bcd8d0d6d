import { conditionsOf } from '../conditions.js'
import { type Document } from '../documents/document.js'
import {
  type CurrentWeather,
  type Forecast,
  type Moment,
  type NamedPlace,
  type Origin
} from '../open-meteo/weather.js'
import { rainfall, speed, temperature, type Units } from '../units.js'
import { type CurrentResponse, type ForecastResponse } from './schemas.js'

/** Place of a request: a city, or a cell of the grid. */
export type Place = NamedPlace | { readonly latitude: number, readonly longitude: number }

export function renderCurrent (
  place: Place,
  document: Document<CurrentWeather>,
  units: Units
): CurrentResponse {
  const { current } = document.body
  return {
    ...head(place, document, units),
    current: { ...moment(current, units), isDay: current.isDay }
  }
}

/** @param days number of days to render */
export function renderForecast (
  place: Place,
  document: Document<Forecast>,
  units: Units,
  days: number
): ForecastResponse {
  const { hourly, daily } = document.body
  const last = daily[days - 1]?.date ?? ''
  const hours = hourly.filter(({ time }) => time.slice(0, last.length) <= last)
  return {
    ...head(place, document, units),
    hourly: hours.map((hour) => ({
      ...moment(hour, units),
      time: hour.time,
      precipitationProbability: hour.precipitationProbability
    })),
    daily: daily.slice(0, days).map((day) => ({
      date: day.date,
      temperatureMax: temperature(units, day.temperatureMax),
      temperatureMin: temperature(units, day.temperatureMin),
      precipitation: rainfall(units, day.precipitation),
      precipitationProbability: day.precipitationProbability,
      windSpeedMax: speed(units, day.windSpeedMax),
      sunrise: day.sunrise,
      sunset: day.sunset,
      daylight: day.daylight,
      ...condition(day)
    }))
  }
}

function head (
  place: Place,
  { body: { source, modelTime, timezone }, fetchedAt }: Document<Origin>,
  units: Units
) {
  return {
    place: { ...place, timezone },
    units,
    source,
    modelTime,
    fetchedAt: new Date(fetchedAt).toISOString()
  }
}

function moment (moment: Moment, units: Units) {
  return {
    time: moment.time,
    temperature: temperature(units, moment.temperature),
    apparentTemperature: temperature(units, moment.apparentTemperature),
    humidity: moment.humidity,
    precipitation: rainfall(units, moment.precipitation),
    windSpeed: speed(units, moment.windSpeed),
    windDirection: moment.windDirection,
    ...condition(moment)
  }
}

const condition = ({ weatherCode }: { weatherCode: number | null }) => ({
  weatherCode,
  conditions: conditionsOf(weatherCode)
})
