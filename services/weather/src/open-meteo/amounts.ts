/** Amount requested from Open-Meteo: its name and unit there, and its possible range. */
export interface Amount {
  readonly variable: string
  /** Undefined: not checked. */
  readonly unit?: string
  readonly least: number
  readonly most: number
  readonly isWhole?: boolean
}

// The ranges are wider than any weather ever measured.
const temperature = (variable: string): Amount => ({ variable, unit: '°C', least: -120, most: 80 })
const share = (variable: string): Amount => ({ variable, unit: '%', least: 0, most: 100 })

/** Amounts at a moment. */
export const AMOUNTS = {
  temperature: temperature('temperature_2m'),
  apparentTemperature: temperature('apparent_temperature'),
  humidity: share('relative_humidity_2m'),
  precipitation: { variable: 'precipitation', unit: 'mm', least: 0, most: 5000 },
  weatherCode: { variable: 'weather_code', least: 0, most: 99, isWhole: true },
  windSpeed: { variable: 'wind_speed_10m', unit: 'km/h', least: 0, most: 800 },
  windDirection: { variable: 'wind_direction_10m', least: 0, most: 360 }
} satisfies Record<string, Amount>

export const PROBABILITY = share('precipitation_probability')
export const IS_DAY: Amount = { variable: 'is_day', least: 0, most: 1, isWhole: true }

const moment = Object.values(AMOUNTS).map(({ variable }) => variable)

/** Variables of each list of a response. */
export const VARIABLES = {
  current: [...moment, IS_DAY.variable],
  hourly: [...moment, PROBABILITY.variable],
  daily: ['sunrise', 'sunset']
}

/** Returns whether a value is possible for an amount. */
export const canBe = ({ least, most, isWhole }: Amount, value: unknown): value is number =>
  typeof value === 'number' &&
  value >= least &&
  value <= most &&
  (isWhole !== true || Number.isInteger(value))
