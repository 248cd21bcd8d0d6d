import { type Static, type TSchema, Type } from 'typebox'
import { ProblemSchema } from '@weir/fastify/service'

const orNull = <Schema extends TSchema>(schema: Schema) => Type.Union([schema, Type.Null()])
const unknown = 'null: the model does not know'
const Amount = (description: string) => orNull(Type.Number({ description: `${description}; ${unknown}` }))
const Time = Type.String({ format: 'date-time', description: 'With the offset of the place' })

const city = Type.String({ minLength: 1, maxLength: 100, pattern: '\\S', description: 'Name of a place, as one would say it', examples: ['Berlin'] })
const latitude = Type.Number({ minimum: -90, maximum: 90, description: 'Degrees north', examples: [52.52] })
const longitude = Type.Number({ minimum: -180, maximum: 180, description: 'Degrees east', examples: [13.41] })
const units = Type.Enum(['metric', 'imperial'], { default: 'metric', description: '°C, mm and km/h, or °F, inch and mph' })

/** Where, and in what units. */
export const CurrentQuery = Type.Object({
  city: Type.Optional(city), latitude: Type.Optional(latitude), longitude: Type.Optional(longitude), units
})
export type PlaceQuery = Pick<Static<typeof CurrentQuery>, 'city' | 'latitude' | 'longitude'>

export const ForecastQuery = Type.Object({
  ...CurrentQuery.properties,
  days: Type.Integer({ minimum: 1, maximum: 16, default: 7, description: 'From today on, at the place' })
})

export const BatchQuery = Type.Object({
  cities: Type.String({ minLength: 1, maxLength: 5000, description: 'Names of at most 50 places, separated by commas', examples: ['Berlin,Paris,Tokyo'] }),
  units
})

const condition = {
  weatherCode: orNull(Type.Integer({ description: `WMO code 4677; ${unknown}` })),
  conditions: orNull(Type.String({ description: `The code in words; ${unknown}`, examples: ['light rain'] }))
}

const moment = {
  time: Time,
  temperature: Amount('°C or °F'),
  apparentTemperature: Amount('°C or °F'),
  humidity: Amount('%'),
  precipitation: Amount('mm or inch'),
  windSpeed: Amount('km/h or mph'),
  windDirection: Amount('Degrees it comes from'),
  ...condition
}

const PlaceSchema = Type.Object({
  name: Type.Optional(Type.String({ description: 'If a city was asked for' })),
  country: Type.Optional(orNull(Type.String())),
  countryCode: Type.Optional(orNull(Type.String())),
  latitude,
  longitude,
  timezone: Type.String({ examples: ['Europe/Berlin'] })
})

const head = {
  place: PlaceSchema,
  units,
  source: Type.Enum(['open-meteo', 'simulated'], { description: 'simulated: made up, because Open-Meteo could not be used' }),
  modelTime: Type.String({ format: 'date-time', description: 'The time that the model speaks of as now' }),
  fetchedAt: Type.String({ format: 'date-time', description: 'When Open-Meteo was asked last' })
}

export const CurrentSchema = Type.Object({ ...head, current: Type.Object({ ...moment, isDay: Type.Boolean() }) })
export type CurrentResponse = Static<typeof CurrentSchema>

export const ForecastSchema = Type.Object({
  ...head,
  hourly: Type.Array(Type.Object({ ...moment, precipitationProbability: Amount('%') })),
  daily: Type.Array(Type.Object({
    date: Type.String({ format: 'date' }),
    temperatureMax: Amount('°C or °F'),
    temperatureMin: Amount('°C or °F'),
    precipitation: Amount('mm or inch'),
    precipitationProbability: Amount('%'),
    windSpeedMax: Amount('km/h or mph'),
    sunrise: orNull(Time),
    sunset: orNull(Time),
    ...condition
  }))
})
export type ForecastResponse = Static<typeof ForecastSchema>

const { status, detail, code } = ProblemSchema.properties

export const BatchSchema = Type.Object({
  items: Type.Array(Type.Object({
    city: Type.String({ description: 'As it was asked for' }),
    weather: Type.Optional(CurrentSchema),
    error: Type.Optional(Type.Object({ status, code, detail }, { description: 'In place of weather' }))
  }), { description: 'In the order that was asked for' })
})
export type BatchResponse = Static<typeof BatchSchema>
