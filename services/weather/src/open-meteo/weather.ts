/** Where an answer is about, and what it says of itself. */
export interface Origin {
  readonly source: 'open-meteo' | 'simulated'
  /** The time that the model speaks of as now. */
  readonly modelTime: string
  readonly timezone: string
}

/** The weather of a moment: °C, %, mm, km/h, degrees. Null: the model does not know. */
export interface Moment {
  readonly time: string
  readonly temperature: number | null
  readonly apparentTemperature: number | null
  readonly humidity: number | null
  readonly precipitation: number | null
  readonly weatherCode: number | null
  readonly windSpeed: number | null
  readonly windDirection: number | null
}

export interface CurrentWeather extends Origin {
  readonly current: Moment & { readonly isDay: boolean }
}

export interface Day {
  readonly date: string
  readonly weatherCode: number | null
  readonly temperatureMax: number | null
  readonly temperatureMin: number | null
  readonly precipitation: number | null
  readonly precipitationProbability: number | null
  readonly windSpeedMax: number | null
  readonly sunrise: string | null
  readonly sunset: string | null
}

export interface Forecast extends Origin {
  readonly hourly: readonly (Moment & { readonly precipitationProbability: number | null })[]
  readonly daily: readonly Day[]
}

/** A place that has a name. */
export interface NamedPlace {
  readonly name: string
  readonly country: string | null
  readonly countryCode: string | null
  readonly latitude: number
  readonly longitude: number
}
