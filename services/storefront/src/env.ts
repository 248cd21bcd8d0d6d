import { clientsEnv, databaseUrl, JwtSecret, serviceEnv } from '@weir/fastify/service'
import { type Static, Type } from 'typebox'

/** Name of the database's file in DATA_DIR. */
export const DATABASE_FILE = 'storefront.db'

const FRONT_DOOR = 'http://127.0.0.1:4100'
const origin = (service: string) => Type.String({
  pattern: '^https?://[^/?#@\\s]+$',
  format: 'readable-url',
  default: FRONT_DOOR,
  description: `address of the ${service}, as scheme and host: ${FRONT_DOOR}`
})

/** Environment of the storefront. */
export const storefrontEnv = Type.Object({
  ...serviceEnv.properties,
  ...clientsEnv.properties,
  PORT: Type.Integer({
    minimum: 0,
    maximum: 65_535,
    default: 4401,
    description: '0: any free port'
  }),
  CATALOG_ORIGIN: origin('catalog'),
  WEATHER_ORIGIN: origin('weather service'),
  WEATHER_CITY: Type.String({
    minLength: 1,
    maxLength: 100,
    default: 'Berlin',
    description: 'city of the weather box'
  }),
  DATABASE_URL: Type.Optional(databaseUrl('the database of page views', DATABASE_FILE)),
  CACHE: Type.Enum(['on', 'off'], {
    default: 'on',
    description: 'off: every page is rendered and all of its data requested anew, for comparison'
  }),
  DEMO_USERS: Type.Boolean({
    default: false,
    description: 'true: every visitor may sign in as a reader, an editor or an admin, for ' +
      'demonstrations'
  }),
  DEBUG_PANEL: Type.Boolean({
    default: false,
    description: 'true: every visitor may use ?debug=cache, not only admins'
  }),
  LAB: Type.Boolean({
    default: false,
    description: 'true: every visitor may run the expensive computations of /shop/lab, within a ' +
      'limit'
  })
})
export type StorefrontEnv = Static<typeof storefrontEnv>

/** Environment in production, where another program signs the tokens with a shared secret. */
export const productionEnv = Type.Object({ ...storefrontEnv.properties, JWT_SECRET: JwtSecret })
