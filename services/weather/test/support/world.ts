// Responses like Open-Meteo's for any place and time: instants, in days of 24 hours by the current
// offset.

const HOUR = 3600
const DAY = 24 * HOUR

export interface Asked {
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly timezone: string
  /** Sunrise and sunset for each day from yesterday on; default: 8 and 16 o'clock. */
  readonly sun?: (begin: number) => readonly [rise: unknown, set: unknown]
}

/**
 * Returns the seconds that the clocks of a zone are ahead, computed independently of the service:
 * from displayed times.
 */
export function offsetAt (timeZone: string, ms: number): number {
  const format = new Intl.DateTimeFormat('sv', {
    timeZone,
    dateStyle: 'short',
    timeStyle: 'medium'
  })
  return (Date.parse(`${format.format(ms).replace(' ', 'T')}Z`) - ms) / 1000
}

/**
 * Answers a target of /v1/forecast. The temperature is the hour of the day in UTC, to distinguish
 * hours.
 */
export function worldAnswer (
  target: string,
  { now, timezone, sun }: Asked
): Record<string, unknown> {
  const query = new URL(target, 'http://upstream').searchParams
  const seconds = now / 1000
  const offset = offsetAt(timezone, now)
  const [past, ahead] = [Number(query.get('past_days')), Number(query.get('forecast_days'))]
  const today = Math.floor((seconds + offset) / DAY) * DAY - offset
  const list = <T>(length: number, step: number, of: (time: number) => T) =>
    Array.from({ length }, (_, i) => of(today - past * DAY + i * step))
  const hours = <T>(of: (time: number) => T) => list((past + ahead) * 24, HOUR, of)
  const days = <T>(of: (time: number) => T) => list(past + ahead, DAY, of)
  const sunOf = sun ?? ((begin) => [begin + 8 * HOUR, begin + 16 * HOUR])
  const current = {
    temperature_2m: 6.5,
    apparent_temperature: 3,
    relative_humidity_2m: 80,
    precipitation: 0,
    weather_code: 3,
    wind_speed_10m: 10,
    wind_direction_10m: 90,
    is_day: 1
  }
  const units = {
    temperature_2m: '°C',
    apparent_temperature: '°C',
    relative_humidity_2m: '%',
    precipitation: 'mm',
    precipitation_probability: '%',
    wind_speed_10m: 'km/h'
  }
  return {
    latitude: Number(query.get('latitude')),
    longitude: Number(query.get('longitude')),
    generationtime_ms: 0.1,
    utc_offset_seconds: offset,
    timezone,
    current_units: units,
    current: { time: Math.floor(seconds / 900) * 900, interval: 900, ...current },
    ...(query.has('hourly') && {
      hourly_units: units,
      hourly: {
        time: hours((time) => time),
        temperature_2m: hours((time) => (time / HOUR) % 24),
        apparent_temperature: hours(() => 1),
        relative_humidity_2m: hours(() => 80),
        precipitation: hours(() => 0.5),
        precipitation_probability: hours(() => 20),
        weather_code: hours(() => 3),
        wind_speed_10m: hours(() => 9),
        wind_direction_10m: hours(() => 90)
      },
      daily: {
        time: days((time) => time),
        sunrise: days((time) => sunOf(time)[0]),
        sunset: days((time) => sunOf(time)[1])
      }
    })
  }
}
