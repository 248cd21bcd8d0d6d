import { join } from 'node:path'
import { CODE_PATTERN } from '@weir/console'
import { clientsEnv, serviceEnv } from '@weir/fastify/service'
import { type Static, Type } from 'typebox'

/** The environment variables of stats. */
export const statsEnv = Type.Object({
  ...serviceEnv.properties,
  ...clientsEnv.properties,
  PORT: Type.Integer({
    minimum: 0,
    maximum: 65_535,
    default: 4301,
    description: '0: any free port'
  }),
  DEMO_USERS: Type.Boolean({
    default: false,
    description: 'true gives every visitor the tokens of two readers, alice and bob'
  }),
  LOGIN_CODE: Type.Optional(
    Type.String({
      pattern: CODE_PATTERN,
      description: 'One-time code of the login link that npm start prints'
    })
  )
})
export type StatsEnv = Static<typeof statsEnv>

/** Returns the path of the database of counts. */
export const databaseFile = ({ DATA_DIR }: { DATA_DIR: string }): string =>
  join(DATA_DIR, 'stats.db')
