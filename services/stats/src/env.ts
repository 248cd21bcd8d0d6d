import { join } from 'node:path'
import { serviceEnv } from '@weir/fastify/service'
import { type Static, Type } from 'typebox'

const addresses = (what: string) => Type.Optional(Type.String({ description: `${what}: addresses and ranges, separated by commas` }))

/** What stats reads from its environment. */
export const statsEnv = Type.Object({
  ...serviceEnv.properties,
  PORT: Type.Integer({ minimum: 0, maximum: 65_535, default: 4301, description: '0: any free port' }),
  INSTANCES: Type.Integer({ minimum: 1, default: 1, description: 'how many of them there are: each has its share of the limits while Redis is gone' }),
  RATE_LIMIT_ALLOW: addresses('who is not limited'),
  RATE_LIMIT_DENY: addresses('who is answered 403'),
  JWT_SECRET: Type.Optional(Type.String({ minLength: 32, description: 'what tokens are signed with, 32 characters at least: openssl rand -base64 32' })),
  DEMO_USERS: Type.Boolean({ default: false, description: 'true: anybody is given the tokens of two readers, alice and bob, to try things out' })
})
export type StatsEnv = Static<typeof statsEnv>

/** The entries of a list that is written with commas. */
export const listed = (list: string | undefined): string[] => list === undefined ? [] : list.split(',').map((entry) => entry.trim())

/** The database of the counts. */
export const databaseFile = ({ DATA_DIR }: { DATA_DIR: string }): string => join(DATA_DIR, 'stats.db')
