import fastifyJwt, { type FastifyJWTOptions, type JWT } from '@fastify/jwt'
import type { FastifyInstance } from 'fastify'
import { WEIR_ERR_INVALID_CREDENTIALS, WEIR_ERR_PLUGIN_OPTION } from '../errors.js'
import { type OptionNames, unknownOption } from '../plugin-options.js'
import { isRole, type User } from './user.js'

/**
 * Key with which tokens are accepted, for one algorithm. If an algorithm has several keys, each has
 * a `kid`, and the first one signs: to rotate, put the new key first and remove the old one when
 * the last token it has signed has expired.
 */
export type JwtKey = (
  | { readonly algorithm: 'HS256'; /** 32 random bytes or more. */ readonly secret: string }
  | {
    readonly algorithm: 'EdDSA' | 'RS256'
    /** PEM. */ readonly publicKey: string
    /** PEM; only needed to sign. */ readonly privateKey?: string
  }
) & {
  /** Name of the key, used in the header of tokens (RFC 7515, 4.1.4). */
  readonly kid?: string
  /** Accepts only tokens with this `iss`. */
  readonly issuer?: string
  /** Accepts only tokens with this `aud`. */
  readonly audience?: string
}

type Algorithm = JwtKey['algorithm']

/** Claims of a token: `exp` is required; signing sets it from `expiresIn`. */
export interface TokenClaims {
  /** The user's id. */
  readonly sub: string
  /** `reader`, `editor` or `admin`. Default `reader`. */
  readonly role?: string
  readonly tier?: string
}

declare module '@fastify/jwt' {
  interface FastifyJWT {
    payload: TokenClaims
    user: User | null
    /** One signer per algorithm: `app.jwt.HS256.sign(claims, { expiresIn: '1h' })`. */
    namespaces: Algorithm
  }
}

// Output size of the hash function (RFC 7518, 3.2).
const SHORTEST_SECRET = 32

/**
 * Registers @fastify/jwt for each key, the first of an algorithm under the algorithm's name. A
 * token can therefore only be verified with a key of the algorithm it names, and never without a
 * key.
 * @param clockTolerance maximum clock difference to the signer, in milliseconds
 * @returns a function that returns the user of a token, or throws WEIR_ERR_INVALID_CREDENTIALS
 */
export async function acceptTokens (
  app: FastifyInstance, keys: readonly JwtKey[], clockTolerance: number
): Promise<(token: string) => User> {
  for (const [i, key] of keys.entries()) {
    await app.register(fastifyJwt, jwtOptions(key, namespaceOf(keys, i), clockTolerance))
  }
  const verifiers = keys.map(({ kid }, i) => ({
    kid,
    verifier: namespace(app, namespaceOf(keys, i))
  }))
  return (token) => {
    const kid = kidOf(token)
    const possible = verifiers.filter(
      (one) => kid === undefined || one.kid === undefined || one.kid === kid
    )
    let problem = possible.length === 0 ? 'no key has the kid of the token' : 'no key for tokens'
    for (const { verifier } of possible) {
      try {
        return userOf(verifier.verify<object>(token))
      } catch (error) {
        // The error message describes the problem, also for malicious tokens.
        problem = error instanceof Error ? error.message : String(error)
        if (!isForAnotherKey(error)) break
      }
    }
    throw new WEIR_ERR_INVALID_CREDENTIALS(problem)
  }
}

/** Namespace of a key: `app.jwt.HS256` signs with the first key of the algorithm. */
function namespaceOf (keys: readonly JwtKey[], i: number): string {
  const { algorithm = 'HS256' } = keys[i] ?? {}
  const first = keys.findIndex((key) => key.algorithm === algorithm)
  return first === i ? algorithm : `${algorithm}:${i}`
}

const namespace = (app: FastifyInstance, name: string): JWT => Reflect.get(app.jwt, name) as JWT

/** Reads the `kid` of a token before the token is verified. */
function kidOf (token: string): string | undefined {
  try {
    const header: unknown = JSON.parse(
      Buffer.from(token.slice(0, token.indexOf('.')), 'base64url').toString()
    )
    const kid: unknown =
      typeof header === 'object' && header !== null && 'kid' in header ? header.kid : undefined
    return typeof kid === 'string' ? kid : undefined
  } catch {
    return undefined
  }
}

function jwtOptions (key: JwtKey, namespace: string, clockTolerance: number): FastifyJWTOptions {
  const { algorithm, kid, issuer, audience } = key
  return {
    namespace,
    secret:
      key.algorithm === 'HS256'
        ? key.secret
        : {
            public: key.publicKey,
            ...(key.privateKey !== undefined && { private: key.privateKey })
          },
    sign: {
      algorithm,
      ...(kid !== undefined && { kid }),
      ...(issuer !== undefined && { iss: issuer }),
      ...(audience !== undefined && { aud: audience })
    },
    verify: {
      algorithms: [algorithm],
      clockTolerance,
      requiredClaims: [
        'sub',
        'exp',
        ...(issuer === undefined ? [] : ['iss']),
        ...(audience === undefined ? [] : ['aud'])
      ],
      ...(issuer !== undefined && { allowedIss: issuer }),
      ...(audience !== undefined && { allowedAud: audience }),
      // Users send the same token with each request. `exp` is still checked each time.
      cache: true
    }
  }
}

const COMMON = { algorithm: true, kid: true, issuer: true, audience: true } as const
const SYMMETRIC: OptionNames<Extract<JwtKey, { algorithm: 'HS256' }>> = { secret: true, ...COMMON }
const ASYMMETRIC: OptionNames<Exclude<JwtKey, { algorithm: 'HS256' }>> = {
  publicKey: true,
  privateKey: true,
  ...COMMON
}

/** @throws WEIR_ERR_PLUGIN_OPTION */
export function checkKeys (plugin: string, keys: readonly JwtKey[]): void {
  const refuse = (problem: string) => new WEIR_ERR_PLUGIN_OPTION(plugin, 'jwt', problem)
  if (!Array.isArray(keys)) throw refuse('must be a list of keys')
  keys.forEach((key: JwtKey, i) => {
    switch (key?.algorithm) {
      case 'HS256':
        if (typeof key.secret !== 'string' || Buffer.byteLength(key.secret) < SHORTEST_SECRET) {
          throw refuse(
            `has a secret of less than ${SHORTEST_SECRET} bytes: generate one with openssl rand ` +
            '-base64 32'
          )
        }
        break
      case 'EdDSA':
      case 'RS256':
        if (typeof key.publicKey !== 'string') {
          throw refuse(`has no publicKey for ${key.algorithm}: give it in PEM`)
        }
        break
      default:
        throw refuse('has a key for an algorithm other than HS256, EdDSA and RS256')
    }
    if (key.kid !== undefined && (typeof key.kid !== 'string' || key.kid === '')) {
      throw refuse('has an invalid kid: give a non-empty string')
    }
    const unknown = unknownOption(
      key,
      Object.keys(key.algorithm === 'HS256' ? SYMMETRIC : ASYMMETRIC)
    )
    if (unknown !== undefined) {
      throw new WEIR_ERR_PLUGIN_OPTION(plugin, `jwt[${i}].${unknown.name}`, unknown.problem)
    }
    for (const name of ['issuer', 'audience'] as const) {
      const value: unknown = key[name]
      if (value === undefined || (typeof value === 'string' && value !== '')) continue
      throw new WEIR_ERR_PLUGIN_OPTION(
        plugin,
        `jwt[${i}].${name}`,
        `must be a non-empty string, not ${JSON.stringify(value)}`
      )
    }
    const others = keys.filter((other: JwtKey, j) => j < i && other.algorithm === key.algorithm)
    if (
      others.some(({ kid }) => kid === undefined || kid === key.kid) ||
      (others.length > 0 && key.kid === undefined)
    ) {
      throw refuse(`has several keys for ${key.algorithm}: give each its own kid`)
    }
  })
}

function userOf (claims: object): User {
  const {
    sub,
    role = 'reader',
    tier
  } = { sub: undefined, tier: undefined, ...claims } satisfies Record<string, unknown>
  if (typeof sub !== 'string' || sub === '') {
    throw new TypeError('The sub claim must be the id of a user.')
  }
  if (!isRole(role)) throw new TypeError('The role claim must be reader, editor or admin.')
  if (tier !== undefined && typeof tier !== 'string') {
    throw new TypeError('The tier claim must be text.')
  }
  return { id: sub, role, ...(tier !== undefined && { tier }) }
}

const OF_ANOTHER_KEY: readonly unknown[] = [
  'FAST_JWT_INVALID_ALGORITHM',
  'FAST_JWT_INVALID_SIGNATURE'
]
const isForAnotherKey = (error: unknown) =>
  error instanceof Error && 'code' in error && OF_ANOTHER_KEY.includes(error.code)
