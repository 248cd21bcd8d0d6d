import { clientsEnv, serviceEnv } from '@weir/fastify/service'
import { type Static, Type } from 'typebox'

const origin = (what: string, address: string) =>
  Type.String({
    pattern: '^https?://[^/?#@\\s]+$',
    format: 'readable-url',
    default: address,
    description: `address of ${what}, as scheme and host: ${address}`
  })
const calls = (per: string, amount: number) =>
  Type.Integer({
    minimum: 2,
    maximum: 1_000_000_000,
    default: amount,
    description: `calls of Open-Meteo that all instances together may make per ${per}`
  })

/** Environment of the weather service. */
export const weatherEnv = Type.Object({
  ...serviceEnv.properties,
  ...clientsEnv.properties,
  PORT: Type.Integer({
    minimum: 0,
    maximum: 65_535,
    default: 4201,
    description: '0: any free port'
  }),
  CACHE: Type.Enum(['on', 'off'], {
    default: 'on',
    description: 'off: every document is fetched anew, for comparison'
  }),
  FORECAST_ORIGIN: origin('the forecast', 'https://api.open-meteo.com'),
  GEOCODING_ORIGIN: origin('the geocoding', 'https://geocoding-api.open-meteo.com'),
  CALLS_PER_MINUTE: calls('minute', 600),
  CALLS_PER_HOUR: calls('hour', 5000),
  CALLS_PER_DAY: calls('day', 10_000)
})
export type WeatherEnv = Static<typeof weatherEnv>
