import { clientsEnv, databaseUrl, JwtSecret, serviceEnv } from '@weir/fastify/service'
import { type Static, Type } from 'typebox'
import { EDGE_PATTERN } from './edge.js'

/** Name of the database's file in DATA_DIR. */
export const DATABASE_FILE = 'catalog.db'

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
  DATABASE_URL: Type.Optional(databaseUrl('the database', DATABASE_FILE)),
  DATABASE_REPLICA_URL: Type.Optional(
    Type.String({
      pattern: '^postgres(?:ql)?://\\S+$',
      description:
        'streaming standbys of the Postgres of DATABASE_URL, separated by commas: they are read ' +
        'where they are not behind'
    })
  ),
  OUTBOX_LEASE: Type.Optional(
    Type.Integer({
      minimum: 500,
      maximum: 60_000,
      description:
        'milliseconds for which cached responses are served after the database is lost, and that ' +
        'a write waits if the cache cannot be reached (1000); the same for all instances'
    })
  ),
  EDGE: Type.Optional(
    Type.String({
      pattern: EDGE_PATTERN,
      description:
        'a Varnish before the service, with the VCL of @weir/edge, that writes purge: ' +
        'varnish://secret@host:6081, or several hosts separated by commas'
    })
  ),
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
