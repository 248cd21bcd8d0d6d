import { join } from 'node:path'
import { clientsEnv, JwtSecret, serviceEnv } from '@weir/fastify/service'
import { type Static, Type } from 'typebox'

const apiKey = '[\\w-]+:(reader|editor|admin)(:[\\w-]+)?:[0-9a-f]{64}'

/** Environment of the catalog. */
export const catalogEnv = Type.Object({
  ...serviceEnv.properties,
  ...clientsEnv.properties,
  PORT: Type.Integer({
    minimum: 0,
    maximum: 65_535,
    default: 4101,
    description: '0: any free port'
  }),
  CACHE: Type.Enum(['on', 'off'], {
    default: 'on',
    description: 'off: every response is computed, for comparison'
  }),
  API_KEYS: Type.Optional(
    Type.String({
      pattern: `^${apiKey}(,${apiKey})*$`,
      description: 'id:role:hash or id:role:tier:hash for each key, separated by commas'
    })
  )
})
export type CatalogEnv = Static<typeof catalogEnv>

/** Environment in production, where another program signs the tokens with a shared secret. */
export const productionEnv = Type.Object({ ...catalogEnv.properties, JWT_SECRET: JwtSecret })

/** Returns the path of the database, shared by all instances with the same DATA_DIR. */
export function databaseFile ({ DATA_DIR }: { DATA_DIR: string }): string {
  return join(DATA_DIR, 'catalog.db')
}
