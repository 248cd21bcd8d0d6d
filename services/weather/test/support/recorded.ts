// Responses as documented by Open-Meteo: https://open-meteo.com/en/docs and
// https://open-meteo.com/en/docs/geocoding-api

export const current = `{
  "latitude": 52.52, "longitude": 13.419998, "generationtime_ms": 0.0629425048828125, "utc_offset_seconds": 3600,
  "timezone": "Europe/Berlin", "timezone_abbreviation": "GMT+1", "elevation": 38.0,
  "current_units": {
    "time": "unixtime", "interval": "seconds", "temperature_2m": "°C", "apparent_temperature": "°C", "relative_humidity_2m": "%",
    "precipitation": "mm", "weather_code": "wmo code", "wind_speed_10m": "km/h", "wind_direction_10m": "°", "is_day": ""
  },
  "current": {
    "time": 1795184100, "interval": 900, "temperature_2m": 6.4, "apparent_temperature": 3.1, "relative_humidity_2m": 81,
    "precipitation": 0.10, "weather_code": 61, "wind_speed_10m": 13.3, "wind_direction_10m": 254, "is_day": 1
  }
}`

export const search = `{
  "results": [{
    "id": 2950159, "name": "Berlin", "latitude": 52.52437, "longitude": 13.41053, "elevation": 74.0, "feature_code": "PPLC",
    "country_code": "DE", "admin1_id": 2950157, "admin3_id": 6547383, "admin4_id": 6547539, "timezone": "Europe/Berlin",
    "population": 3426354, "postcodes": ["10967", "13347"], "country_id": 2921044, "country": "Germany", "admin1": "State of Berlin",
    "admin3": "Berlin, Stadt", "admin4": "Berlin"
  }],
  "generationtime_ms": 0.7381439
}`

/** Empty fields are not returned. */
export const nothingFound = '{"generationtime_ms":0.27894974}'

export const refused =
  '{"error":true,"reason":"Latitude must be in range of -90 to 90°. Given: 200.0."}'

export const tooMany =
  '{"error":true,"reason":"Minutely API request limit exceeded. Please try again in one minute."}'

const list = <T>(length: number, of: (i: number) => T) =>
  JSON.stringify(Array.from({ length }, (_, i) => of(i)))

const HOUR = 3600
const DAY = 24 * HOUR
/** Midnight of 2026-11-01 in Berlin. */
const TODAY = Date.parse('2026-11-01T00:00:00+01:00') / 1000

/**
 * Returns the forecast for some days, with the previous day and, if possible, the following one.
 * Values too far ahead for a model are null.
 */
export function forecast (days: number): string {
  const length = 1 + Math.min(days + 1, 16)
  const hours = <T>(of: (hour: number) => T) => list(length * 24, (i) => of(i - 24))
  const times = (seconds: number) => list(length, (i) => TODAY + (i - 1) * DAY + seconds)
  const far = (i: number) => i >= 10 * 24
  const part = (i: number, of: number) => (i + of) % of
  return `{
    "latitude": 52.52, "longitude": 13.419998, "generationtime_ms": 0.2, "utc_offset_seconds": 3600,
    "timezone": "Europe/Berlin", "timezone_abbreviation": "GMT+1", "elevation": 38.0,
    "current_units": {"time": "unixtime", "interval": "seconds", "temperature_2m": "°C"},
    "current": {"time": ${TODAY + 15.25 * HOUR}, "interval": 900, "temperature_2m": 6.4},
    "hourly_units": {
      "time": "unixtime", "temperature_2m": "°C", "apparent_temperature": "°C", "relative_humidity_2m": "%", "precipitation": "mm",
      "precipitation_probability": "%", "weather_code": "wmo code", "wind_speed_10m": "km/h", "wind_direction_10m": "°"
    },
    "hourly": {
      "time": ${hours((i) => TODAY + i * HOUR)},
      "temperature_2m": ${hours((i) => part(i, 24) - 4.5)},
      "apparent_temperature": ${hours((i) => part(i, 24) - 6)},
      "relative_humidity_2m": ${hours(() => 80)},
      "precipitation": ${hours((i) => (part(i, 25) % 5) / 10)},
      "precipitation_probability": ${hours((i) => (far(i) ? null : part(i, 100)))},
      "weather_code": ${hours(() => 3)},
      "wind_speed_10m": ${hours((i) => part(i, 30))},
      "wind_direction_10m": ${hours((i) => part(i, 360))}
    },
    "daily_units": { "time": "unixtime", "sunrise": "unixtime", "sunset": "unixtime" },
    "daily": {
      "time": ${times(0)},
      "sunrise": ${times(7 * HOUR + 60)},
      "sunset": ${times(16 * HOUR + 38 * 60)}
    }
  }`
}

/** Answers a request like Open-Meteo, with Berlin's weather everywhere. */
export function answerTo (target: string): string {
  const { pathname, searchParams } = new URL(target, 'http://upstream')
  if (pathname === '/v1/search') {
    return searchParams.get('name') === 'nowhere' ? nothingFound : search
  }
  return searchParams.has('hourly')
    ? forecast(Number(searchParams.get('forecast_days')) === 16 ? 16 : 7)
    : current
}
