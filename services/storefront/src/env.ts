import { join } from 'node:path'
import { clientsEnv, JwtSecret, serviceEnv } from '@weir/fastify/service'
import { type Static, Type } from 'typebox'

const FRONT_DOOR = 'http://127.0.0.1:4100'
const origin = (service: string) => Type.String({
  pattern: '^https?://[^/?#@\\s]+$',
  format: 'readable-url',
  default: FRONT_DOOR,
  description: `where the ${service} is, as scheme and host: ${FRONT_DOOR}`
})

/** What the storefront reads from its environment. */
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
    description: 'the city of the weather box'
  }),
  CACHE: Type.Enum(['on', 'off'], {
    default: 'on',
    description: 'off: every page is rendered and everything in it asked for anew, to compare with'
  }),
  DEMO_USERS: Type.Boolean({
    default: false,
    description: 'true: anybody may sign in as a reader, an editor or an admin, to try things out'
  }),
  DEBUG_PANEL: Type.Boolean({
    default: false,
    description: 'true: anybody may see ?debug=cache, not only admins'
  }),
  LAB: Type.Boolean({
    default: false,
    description: 'true: anybody may have /shop/lab compute something expensive, within a limit'
  })
})
export type StorefrontEnv = Static<typeof storefrontEnv>

/** In production tokens are signed by another program, with a secret that both know. */
export const productionEnv = Type.Object({ ...storefrontEnv.properties, JWT_SECRET: JwtSecret })

/** The database of page views, which all instances with the same DATA_DIR share. */
export const databaseFile = ({ DATA_DIR }: { DATA_DIR: string }): string =>
  join(DATA_DIR, 'storefront.db')
