/** Place of a response, with its metadata. Null: unknown. */
export interface Origin {
  readonly source: 'open-meteo' | 'simulated'
  /** Current time of the model. */
  readonly modelTime: string | null
  /** Name in the IANA database; if it is unknown, all times have the current offset. */
  readonly timezone: string | null
}

/** Weather at a moment: °C, %, mm, km/h, degrees. Null: unknown to the model. */
export interface Moment {
  readonly time: string | null
  readonly temperature: number | null
  readonly apparentTemperature: number | null
  readonly humidity: number | null
  readonly precipitation: number | null
  readonly weatherCode: number | null
  readonly windSpeed: number | null
  readonly windDirection: number | null
}

export interface CurrentWeather extends Origin {
  readonly current: Moment & { readonly isDay: boolean | null }
}

export interface Hour extends Moment {
  readonly time: string
  readonly precipitationProbability: number | null
}

export interface Day {
  readonly date: string
  readonly weatherCode: number | null
  readonly temperatureMax: number | null
  readonly temperatureMin: number | null
  readonly precipitation: number | null
  readonly precipitationProbability: number | null
  readonly windSpeedMax: number | null
  /** Null also on polar days and in polar nights. */
  readonly sunrise: string | null
  readonly sunset: string | null
  /** Seconds: 0 in a polar night, 86,400 on a polar day. */
  readonly daylight: number | null
}

export interface Forecast extends Origin {
  /** All hours of the days. */
  readonly hourly: readonly Hour[]
  readonly daily: readonly Day[]
}

/** Place with a name. */
export interface NamedPlace {
  readonly name: string
  readonly country: string | null
  readonly countryCode: string | null
  /** State, province or region. */
  readonly admin1: string | null
  readonly latitude: number
  readonly longitude: number
}

/** Place in the geocoding. */
export interface KnownPlace extends NamedPlace {
  /** 0 if unknown. */
  readonly population: number
}
