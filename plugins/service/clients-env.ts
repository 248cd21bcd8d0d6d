import { Type } from 'typebox'

const addresses = (what: string) =>
  Type.Optional(
    Type.String({
      format: 'addresses',
      description: `${what}: addresses and ranges such as 10.0.0.0/8, separated by commas`
    })
  )

/**
 * JWT_SECRET where it must be set, as in production, where tokens are signed by somebody else who
 * knows it too.
 */
export const JwtSecret = Type.String({
  minLength: 32,
  description: 'what tokens are signed with, 32 characters at least: openssl rand -base64 32'
})

/**
 * The variables of a service that knows its clients and limits them; to be spread beside those of
 * {@link serviceEnv}.
 *
 * @example const schema = Type.Object({ ...serviceEnv.properties, ...clientsEnv.properties })
 */
export const clientsEnv = Type.Object({
  INSTANCES: Type.Integer({
    minimum: 1,
    default: 1,
    description: 'how many of them there are: each has its share of the limits while Redis is gone'
  }),
  INSTANCES_DNS: Type.Optional(
    Type.String({
      description: 'a name that the DNS has one address for, for each instance: how many there are'
    })
  ),
  RATE_LIMIT_ALLOW: addresses('who is not limited'),
  RATE_LIMIT_DENY: addresses('who is answered 403'),
  JWT_SECRET: Type.Optional(JwtSecret)
})

/** The entries of a list that is written with commas. */
export const listed = (list: string | undefined): string[] =>
  list === undefined ? [] : list.split(',').map((entry) => entry.trim())
