import { Type } from 'typebox'

const addresses = (what: string) =>
  Type.Optional(
    Type.String({
      format: 'addresses',
      description: `${what}: addresses and ranges such as 10.0.0.0/8, separated by commas`
    })
  )

/**
 * JWT_SECRET for environments that require it, such as production, where another service signs the
 * tokens.
 */
export const JwtSecret = Type.String({
  minLength: 32,
  description: 'secret with which tokens are signed, at least 32 characters: openssl rand ' +
    '-base64 32'
})

/**
 * Variables of a service that authenticates and limits clients; to be spread beside those of {@link
 * serviceEnv}.
 *
 * @example const schema = Type.Object({ ...serviceEnv.properties, ...clientsEnv.properties })
 */
export const clientsEnv = Type.Object({
  INSTANCES: Type.Integer({
    minimum: 1,
    default: 1,
    description: 'number of instances: each enforces its share of the limits while Redis is ' +
      'unavailable'
  }),
  INSTANCES_DNS: Type.Optional(
    Type.String({
      description: 'a DNS name with one address per instance, from which their number is read'
    })
  ),
  RATE_LIMIT_ALLOW: addresses('clients that are not limited'),
  RATE_LIMIT_DENY: addresses('clients that are answered 403'),
  JWT_SECRET: Type.Optional(JwtSecret)
})

/** Returns the entries of a comma-separated list. */
export const listed = (list: string | undefined): string[] =>
  list === undefined ? [] : list.split(',').map((entry) => entry.trim())
