/** An amount that is asked of Open-Meteo: its name and unit there, and what it can be. */
export interface Amount {
  readonly variable: string
  /** Undefined: none worth checking. */
  readonly unit?: string
  readonly least: number
  readonly most: number
  readonly isWhole?: boolean
}

// The ranges are wider than any weather was ever measured.
const temperature = (variable: string): Amount => ({ variable, unit: '°C', least: -120, most: 80 })
const share = (variable: string): Amount => ({ variable, unit: '%', least: 0, most: 100 })

/** The amounts of a moment. */
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

/** The variables of each list of an answer. */
export const VARIABLES = {
  current: [...moment, IS_DAY.variable],
  hourly: [...moment, PROBABILITY.variable],
  daily: ['sunrise', 'sunset']
}

/** Whether a value can be that amount. */
export const canBe = ({ least, most, isWhole }: Amount, value: unknown): value is number =>
  typeof value === 'number' &&
  value >= least &&
  value <= most &&
  (isWhole !== true || Number.isInteger(value))
