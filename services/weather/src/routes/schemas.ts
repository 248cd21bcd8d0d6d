import { type Static, type TSchema, Type } from 'typebox'
import { ProblemSchema } from '@weir/fastify/service'

const orNull = <Schema extends TSchema>(schema: Schema) => Type.Union([schema, Type.Null()])
const unknown = 'null: unknown to the model, or an impossible value'
const Amount = (description: string) =>
  orNull(Type.Number({ description: `${description}; ${unknown}` }))
const Time = Type.String({ format: 'date-time', description: 'With the offset of the place' })

// Requires a visible character and no control character, which Open-Meteo would refuse.
const NAME = '^(?=.*\\S)\\P{Cc}+$'
const Name = (description: string, ...examples: string[]) =>
  Type.String({ minLength: 1, maxLength: 100, pattern: NAME, description, examples })
const city = Name(
  'Name of a place; its region may follow a comma',
  'Berlin',
  'Springfield, Illinois'
)
const country = Name('With city: its country, as English name or code', 'US')
const admin1 = Name('With city: its state, province or region', 'Illinois')
const latitude = Type.Number({
  minimum: -90,
  maximum: 90,
  description: 'Degrees north',
  examples: [52.52]
})
const longitude = Type.Number({
  minimum: -180,
  maximum: 180,
  description: 'Degrees east',
  examples: [13.41]
})
const units = Type.Enum(['metric', 'imperial'], {
  default: 'metric',
  description: '°C, mm and km/h, or °F, inch and mph'
})

/** Query for a place and units. */
export const CurrentQuery = Type.Object({
  city: Type.Optional(city),
  country: Type.Optional(country),
  admin1: Type.Optional(admin1),
  latitude: Type.Optional(latitude),
  longitude: Type.Optional(longitude),
  units
})
export type PlaceQuery = Pick<
  Static<typeof CurrentQuery>,
  'city' | 'country' | 'admin1' | 'latitude' | 'longitude'
>

export const ForecastQuery = Type.Object({
  ...CurrentQuery.properties,
  days: Type.Integer({
    minimum: 1,
    maximum: 16,
    default: 7,
    description: 'From today on, local time'
  })
})

export const BatchQuery = Type.Object({
  cities: Type.String({
    minLength: 1,
    maxLength: 5000,
    description: 'Names of at most 50 places, separated by commas; names with a comma are quoted',
    examples: ['Berlin,Paris,"Washington, D.C."']
  }),
  units
})

const condition = {
  weatherCode: orNull(Type.Integer({ description: `WMO code 4677; ${unknown}` })),
  conditions: orNull(
    Type.String({ description: `The code in words; ${unknown}`, examples: ['light rain'] })
  )
}

const moment = {
  time: orNull(Time),
  temperature: Amount('°C or °F'),
  apparentTemperature: Amount('°C or °F'),
  humidity: Amount('%'),
  precipitation: Amount('mm or inch'),
  windSpeed: Amount('km/h or mph'),
  windDirection: Amount('Direction in degrees from which the wind comes'),
  ...condition
}

const PlaceSchema = Type.Object({
  name: Type.Optional(Type.String({ description: 'If a city was requested' })),
  country: Type.Optional(orNull(Type.String())),
  countryCode: Type.Optional(orNull(Type.String())),
  admin1: Type.Optional(orNull(Type.String({ description: 'State, province or region' }))),
  latitude,
  longitude,
  timezone: orNull(
    Type.String({
      description: 'null: unknown, and all times have the current offset',
      examples: ['Europe/Berlin']
    })
  )
})

/** Candidates in a problem about a name. */
export const Candidates = Type.Object({
  candidates: Type.Array(Type.Object({
    name: Type.String(),
    country: orNull(Type.String()),
    countryCode: orNull(Type.String()),
    admin1: orNull(Type.String()),
    latitude,
    longitude
  }), { description: 'Places of the name, the largest first' })
})

const placeProblem = (description: string) => ({
  description,
  content: {
    'application/problem+json': {
      schema: Type.Object({ ...ProblemSchema.properties, ...Type.Partial(Candidates).properties })
    }
  }
})

/** Problems of a place's name, for the responses of a route. */
export const placeProblems = {
  400: placeProblem('An invalid query, or WEATHER_ERR_CITY_AMBIGUOUS with candidates'),
  404: placeProblem(
    'WEATHER_ERR_CITY_NOT_FOUND, with candidates if places of the name exist elsewhere'
  )
}

const head = {
  place: PlaceSchema,
  units,
  source: Type.Enum(['open-meteo', 'simulated'], {
    description: 'simulated: generated, because Open-Meteo was unavailable'
  }),
  modelTime: orNull(
    Type.String({ format: 'date-time', description: 'Current time of the model' })
  ),
  fetchedAt: Type.String({
    format: 'date-time',
    description: 'Time of the last request to ' +
    'Open-Meteo'
  })
}

export const CurrentSchema = Type.Object({
  ...head,
  current: Type.Object({ ...moment, isDay: orNull(Type.Boolean()) })
})
export type CurrentResponse = Static<typeof CurrentSchema>

const SunTime = orNull(
  Type.String({ format: 'date-time', description: 'null also on polar days and in polar nights' })
)

export const ForecastSchema = Type.Object({
  ...head,
  hourly: Type.Array(
    Type.Object({ ...moment, time: Time, precipitationProbability: Amount('%') })
  ),
  daily: Type.Array(
    Type.Object({
      date: Type.String({ format: 'date' }),
      temperatureMax: Amount('°C or °F'),
      temperatureMin: Amount('°C or °F'),
      precipitation: Amount('mm or inch'),
      precipitationProbability: Amount('%'),
      windSpeedMax: Amount('km/h or mph'),
      sunrise: SunTime,
      sunset: SunTime,
      daylight: orNull(
        Type.Integer({ description: 'Seconds: 0 in a polar night, 86400 on a polar day' })
      ),
      ...condition
    })
  )
})
export type ForecastResponse = Static<typeof ForecastSchema>

const { status, detail, code } = ProblemSchema.properties

export const BatchSchema = Type.Object({
  items: Type.Array(
    Type.Object({
      city: Type.String({ description: 'As requested' }),
      weather: Type.Optional(CurrentSchema),
      error: Type.Optional(
        Type.Object(
          { status, code, detail, ...Type.Partial(Candidates).properties },
          { description: 'In place of weather' }
        )
      )
    }),
    { description: 'In the requested order' }
  )
})
export type BatchResponse = Static<typeof BatchSchema>
