import { join } from 'node:path'
import { serviceEnv } from '@weir/fastify/service'
import { type Static, Type } from 'typebox'

const secret = Type.String({ minLength: 32, description: 'what tokens are signed with, 32 characters at least: openssl rand -base64 32' })
const addresses = (what: string) => Type.Optional(Type.String({ description: `${what}: addresses and ranges, separated by commas` }))
const apiKey = '[\\w-]+:(reader|editor|admin)(:[\\w-]+)?:[0-9a-f]{64}'

/** What the catalog reads from its environment. */
export const catalogEnv = Type.Object({
  ...serviceEnv.properties,
  PORT: Type.Integer({ minimum: 0, maximum: 65_535, default: 4101, description: '0: any free port' }),
  INSTANCES: Type.Integer({ minimum: 1, default: 1, description: 'how many of them there are: each has its share of the rate limits while Redis is gone' }),
  RATE_LIMIT_ALLOW: addresses('who is not limited'),
  RATE_LIMIT_DENY: addresses('who is answered 403'),
  JWT_SECRET: Type.Optional(secret),
  API_KEYS: Type.Optional(Type.String({
    pattern: `^${apiKey}(,${apiKey})*$`,
    description: 'id:role:hash or id:role:tier:hash of each key, separated by commas'
  }))
})
export type CatalogEnv = Static<typeof catalogEnv>

/** In production tokens are signed by somebody else, with a secret that both know. */
export const productionEnv = Type.Object({ ...catalogEnv.properties, JWT_SECRET: secret })

/** The entries of a list that is written with commas. */
export const listed = (list: string | undefined): string[] => list === undefined ? [] : list.split(',').map((entry) => entry.trim())

/** The database that all instances with the same DATA_DIR share. */
export function databaseFile ({ DATA_DIR }: { DATA_DIR: string }): string {
  return join(DATA_DIR, 'catalog.db')
}
