import fastifyJwt, { type FastifyJWTOptions } from '@fastify/jwt'
import type { FastifyInstance } from 'fastify'
import { WEIR_ERR_INVALID_CREDENTIALS, WEIR_ERR_PLUGIN_OPTION } from '../errors.js'
import { isRole, type User } from './user.js'

/** How tokens are signed that are accepted: one key, for one algorithm. */
export type JwtKey = (
  | { readonly algorithm: 'HS256', /** 32 bytes at least, by chance. */ readonly secret: string }
  | { readonly algorithm: 'EdDSA' | 'RS256', /** PEM. */ readonly publicKey: string, /** PEM; only to sign. */ readonly privateKey?: string }
) & {
  /** Only tokens with this `iss`. */
  readonly issuer?: string
  /** Only tokens with this `aud`. */
  readonly audience?: string
}

type Algorithm = JwtKey['algorithm']

/** The claims of a token: `exp` is required, and set from `expiresIn` when it is signed here. */
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
    /** Each algorithm has its key and no other: `app.jwt.HS256.sign(claims, { expiresIn: '1h' })`. */
    namespaces: Algorithm
  }
}

// The hash function's output (RFC 7518, 3.2).
const SHORTEST_SECRET = 32

/**
 * Registers @fastify/jwt for each key, by the name of its algorithm, so that a token can only be verified with the key that is meant for
 * the algorithm it names, and never with none.
 * @returns what makes a user of a token, or throws WEIR_ERR_INVALID_CREDENTIALS
 */
export async function acceptTokens (app: FastifyInstance, keys: readonly JwtKey[]): Promise<(token: string) => User> {
  for (const key of keys) await app.register(fastifyJwt, jwtOptions(key))
  const verifiers = keys.map(({ algorithm }) => app.jwt[algorithm])
  return (token) => {
    let problem = 'no key for tokens'
    for (const verifier of verifiers) {
      try {
        return userOf(verifier.verify<object>(token))
      } catch (error) {
        // What it throws says what is wrong with the token, one made to confuse it too.
        problem = error instanceof Error ? error.message : String(error)
        if (!isForAnotherKey(error)) break
      }
    }
    throw new WEIR_ERR_INVALID_CREDENTIALS(problem)
  }
}

function jwtOptions (key: JwtKey): FastifyJWTOptions {
  const { algorithm, issuer, audience } = key
  return {
    namespace: algorithm,
    secret: key.algorithm === 'HS256'
      ? key.secret
      : { public: key.publicKey, ...(key.privateKey !== undefined && { private: key.privateKey }) },
    sign: { algorithm, ...(issuer !== undefined && { iss: issuer }), ...(audience !== undefined && { aud: audience }) },
    verify: {
      algorithms: [algorithm],
      requiredClaims: ['sub', 'exp', ...(issuer === undefined ? [] : ['iss']), ...(audience === undefined ? [] : ['aud'])],
      ...(issuer !== undefined && { allowedIss: issuer }),
      ...(audience !== undefined && { allowedAud: audience }),
      // A token comes with each request of its user. `exp` is looked at each time all the same.
      cache: true
    }
  }
}

/** @throws WEIR_ERR_PLUGIN_OPTION */
export function checkKeys (plugin: string, keys: readonly JwtKey[]): void {
  const refuse = (problem: string) => new WEIR_ERR_PLUGIN_OPTION(plugin, 'jwt', problem)
  if (!Array.isArray(keys)) throw refuse('must be a list of keys')
  keys.forEach((key: JwtKey, i) => {
    switch (key?.algorithm) {
      case 'HS256':
        if (typeof key.secret !== 'string' || Buffer.byteLength(key.secret) < SHORTEST_SECRET) {
          throw refuse(`has a secret of less than ${SHORTEST_SECRET} bytes: make one with openssl rand -base64 32`)
        }
        break
      case 'EdDSA':
      case 'RS256':
        if (typeof key.publicKey !== 'string') throw refuse(`has no publicKey for ${key.algorithm}: give it in PEM`)
        break
      default:
        throw refuse('has a key for an algorithm other than HS256, EdDSA and RS256')
    }
    if (keys.findIndex(({ algorithm }: JwtKey) => algorithm === key.algorithm) !== i) throw refuse(`has two keys for ${key.algorithm}: give one`)
  })
}

function userOf (claims: object): User {
  const { sub, role = 'reader', tier } = { sub: undefined, tier: undefined, ...claims } satisfies Record<string, unknown>
  if (typeof sub !== 'string' || sub === '') throw new TypeError('The sub claim must be the id of a user.')
  if (!isRole(role)) throw new TypeError('The role claim must be reader, editor or admin.')
  if (tier !== undefined && typeof tier !== 'string') throw new TypeError('The tier claim must be text.')
  return { id: sub, role, ...(tier !== undefined && { tier }) }
}

const isForAnotherKey = (error: unknown) => error instanceof Error && 'code' in error && error.code === 'FAST_JWT_INVALID_ALGORITHM'
