import { type Static, Type } from 'typebox'

// What is asked of Open-Meteo, and what its answers have to look like. They may have more, which goes no further; what is here may not be
// different. The ranges are wider than any weather was ever measured.

const temperature = Type.Number({ minimum: -120, maximum: 80 })
const share = Type.Number({ minimum: 0, maximum: 100 })
const rain = Type.Number({ minimum: 0, maximum: 5000 })
const wind = Type.Number({ minimum: 0, maximum: 800 })
const direction = Type.Number({ minimum: 0, maximum: 360 })
const code = Type.Integer({ minimum: 0, maximum: 99 })
const localTime = Type.String({ pattern: '^\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])T([01]\\d|2[0-3]):[0-5]\\d$' })
const localDate = Type.String({ pattern: '^\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])$' })
const latitude = Type.Number({ minimum: -90, maximum: 90 })
const longitude = Type.Number({ minimum: -180, maximum: 180 })
const timezone = Type.String({ pattern: '^[A-Za-z0-9_+/-]{1,64}$' })
/** That the simulator made it up. */
const source = Type.Optional(Type.Literal('simulated'))

// Not every model knows everything.
const orNull = <Schema extends ReturnType<typeof Type.Number> | ReturnType<typeof Type.Integer> | typeof localTime>(schema: Schema) =>
  Type.Union([schema, Type.Null()])
const upTo16Days = { minItems: 1, maxItems: 16 }
const upTo16DaysOfHours = { minItems: 1, maxItems: 16 * 24 }

/** Units of what is asked for: where one is another, all numbers mean something else. */
const units = {
  temperature_2m: Type.Literal('°C'),
  apparent_temperature: Type.Literal('°C'),
  relative_humidity_2m: Type.Literal('%'),
  precipitation: Type.Literal('mm'),
  wind_speed_10m: Type.Literal('km/h')
}

const place = {
  latitude,
  longitude,
  utc_offset_seconds: Type.Integer({ minimum: -18 * 3600, maximum: 18 * 3600 }),
  timezone,
  source
}

/** /v1/forecast with `current`. */
export const CurrentAnswerSchema = Type.Object({
  ...place,
  current_units: Type.Object(units),
  current: Type.Object({
    time: localTime,
    temperature_2m: temperature,
    apparent_temperature: orNull(temperature),
    relative_humidity_2m: orNull(share),
    precipitation: orNull(rain),
    weather_code: orNull(code),
    wind_speed_10m: orNull(wind),
    wind_direction_10m: orNull(direction),
    is_day: Type.Union([Type.Literal(0), Type.Literal(1)])
  })
})
export type CurrentAnswer = Static<typeof CurrentAnswerSchema>

const hourly = {
  temperature_2m: orNull(temperature),
  apparent_temperature: orNull(temperature),
  relative_humidity_2m: orNull(share),
  precipitation: orNull(rain),
  precipitation_probability: orNull(share),
  weather_code: orNull(code),
  wind_speed_10m: orNull(wind),
  wind_direction_10m: orNull(direction)
}

const daily = {
  weather_code: orNull(code),
  temperature_2m_max: orNull(temperature),
  temperature_2m_min: orNull(temperature),
  precipitation_sum: orNull(rain),
  precipitation_probability_max: orNull(share),
  wind_speed_10m_max: orNull(wind),
  sunrise: orNull(localTime),
  sunset: orNull(localTime)
}

/** /v1/forecast with `hourly` and `daily`, and of `current` what says when the model speaks of. */
export const ForecastAnswerSchema = Type.Object({
  ...place,
  current: Type.Object({ time: localTime }),
  hourly_units: Type.Object({ ...units, precipitation_probability: Type.Literal('%') }),
  hourly: Type.Object({
    time: Type.Array(localTime, upTo16DaysOfHours),
    temperature_2m: Type.Array(hourly.temperature_2m, upTo16DaysOfHours),
    apparent_temperature: Type.Array(hourly.apparent_temperature, upTo16DaysOfHours),
    relative_humidity_2m: Type.Array(hourly.relative_humidity_2m, upTo16DaysOfHours),
    precipitation: Type.Array(hourly.precipitation, upTo16DaysOfHours),
    precipitation_probability: Type.Array(hourly.precipitation_probability, upTo16DaysOfHours),
    weather_code: Type.Array(hourly.weather_code, upTo16DaysOfHours),
    wind_speed_10m: Type.Array(hourly.wind_speed_10m, upTo16DaysOfHours),
    wind_direction_10m: Type.Array(hourly.wind_direction_10m, upTo16DaysOfHours)
  }),
  daily_units: Type.Object({
    temperature_2m_max: Type.Literal('°C'),
    temperature_2m_min: Type.Literal('°C'),
    precipitation_sum: Type.Literal('mm'),
    precipitation_probability_max: Type.Literal('%'),
    wind_speed_10m_max: Type.Literal('km/h')
  }),
  daily: Type.Object({
    time: Type.Array(localDate, upTo16Days),
    weather_code: Type.Array(daily.weather_code, upTo16Days),
    temperature_2m_max: Type.Array(daily.temperature_2m_max, upTo16Days),
    temperature_2m_min: Type.Array(daily.temperature_2m_min, upTo16Days),
    precipitation_sum: Type.Array(daily.precipitation_sum, upTo16Days),
    precipitation_probability_max: Type.Array(daily.precipitation_probability_max, upTo16Days),
    wind_speed_10m_max: Type.Array(daily.wind_speed_10m_max, upTo16Days),
    sunrise: Type.Array(daily.sunrise, upTo16Days),
    sunset: Type.Array(daily.sunset, upTo16Days)
  })
})

/** /v1/search with `count=1`. Nothing found: no `results`. */
export const SearchAnswerSchema = Type.Object({
  generationtime_ms: Type.Number(),
  results: Type.Optional(Type.Array(Type.Object({
    name: Type.String({ minLength: 1, maxLength: 200 }),
    latitude,
    longitude,
    country: Type.Optional(Type.String({ maxLength: 100 })),
    country_code: Type.Optional(Type.String({ pattern: '^[A-Z]{2}$' })),
    timezone: Type.Optional(timezone)
  }), { minItems: 1, maxItems: 1 })),
  source
})

/** The variables of each list. `is_day` has no unit worth checking. */
export const VARIABLES = {
  current: Object.keys(CurrentAnswerSchema.properties.current.properties).filter((name) => name !== 'time'),
  hourly: Object.keys(hourly),
  daily: Object.keys(daily)
}
