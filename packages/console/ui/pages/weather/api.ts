// Responses of the weather service as the console reads them.

interface Head {
  readonly place: {
    readonly name?: string
    readonly country?: string | null
    readonly timezone: string | null
  }
  readonly source: 'open-meteo' | 'simulated'
  /** ISO 8601, with the offset of the place. */
  readonly modelTime: string | null
  readonly fetchedAt: string
}

interface Moment {
  readonly time: string
  /** °C */
  readonly temperature: number | null
  readonly apparentTemperature: number | null
  /** % */
  readonly humidity: number | null
  /** km/h */
  readonly windSpeed: number | null
  readonly conditions: string | null
}

export interface CurrentWeather extends Head {
  readonly current: Moment
}

export interface Forecast extends Head {
  readonly hourly: readonly Moment[]
}
