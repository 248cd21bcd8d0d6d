import { type Duration, parseDuration } from '@weir/cache'
import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import { enforceDeclaration } from '../declared.js'
import {
  WEIR_ERR_FORBIDDEN,
  WEIR_ERR_INVALID_CREDENTIALS,
  WEIR_ERR_PLUGIN_OPTION,
  WEIR_ERR_PLUGIN_ORDER,
  WEIR_ERR_REGISTERED_TWICE,
  WEIR_ERR_ROUTE_OPTION,
  WEIR_ERR_UNAUTHENTICATED
} from '../errors.js'
import { checkOptionNames } from '../plugin-options.js'
import { type ApiKeyLookup, userOfApiKey } from './api-keys.js'
import { challenge, type Scheme } from './schemes.js'
import { acceptTokens, checkKeys, type JwtKey } from './tokens.js'
import { isRole, mayActAs, type Role, ROLES, type User } from './user.js'

export { type ApiKeyLookup, createApiKey, type StoredApiKey } from './api-keys.js'
export { securitySchemes } from './schemes.js'
// Re-exported with the type of `app.jwt`.
export type { JWT } from '@fastify/jwt'
export { type JwtKey, type TokenClaims } from './tokens.js'
export { type Role, type User } from './user.js'

/** Options of authentication: tokens, API keys, or both. */
export interface AuthOptions {
  /** Accepts JWTs signed with one of these keys, in `Authorization: Bearer`. */
  readonly jwt?: readonly JwtKey[]
  /** Accepts API keys that this function finds, in `X-API-Key` or `Authorization: ApiKey`. */
  readonly apiKeys?: ApiKeyLookup
  /** Maximum clock difference to the signer, for `exp` and `nbf`. Default 0. */
  readonly clockTolerance?: Duration
}

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Throws unless the user of a request has the role, or a higher one: as `config.role` does, for
     * code that decides per request.
     * @throws WEIR_ERR_UNAUTHENTICATED (401), WEIR_ERR_INVALID_CREDENTIALS (401),
     *   WEIR_ERR_FORBIDDEN (403)
     * @example app.requireRole(request, 'admin')
     */
    requireRole (request: FastifyRequest, role: Role): void
  }

  interface FastifyRequest {
    /**
     * Reason why the request's credentials were not accepted; null if they were, or there are none.
     */
    authFailure: Error | null
  }

  interface FastifyContextConfig {
    /** Lowest role that may use the route. Without it the route is open to all clients. */
    role?: Role
  }
}

const NAME = 'weir-auth'

/**
 * Sets `request.user`, and refuses requests to routes with `config.role` from users without the
 * role. Invalid credentials are answered 401 on every route.
 *
 * Credentials are checked before any route's hooks run, and refusals are sent in a route hook.
 * Register it after `@weir/fastify/rate-limit`, which then knows the user and counts refused
 * requests, and before `@weir/fastify/response-cache`, so that hits are guarded too.
 */
async function auth (app: FastifyInstance, options: AuthOptions): Promise<void> {
  checkOptionNames<AuthOptions>(NAME, options, { jwt: true, apiKeys: true, clockTolerance: true })
  const { jwt = [], apiKeys, clockTolerance = 0 } = options
  if (app.hasRequestDecorator('authFailure')) {
    throw new WEIR_ERR_REGISTERED_TWICE(NAME, 'one plugin knows the users of an application')
  }
  if (app.hasDecorator('responseCache')) {
    throw new WEIR_ERR_PLUGIN_ORDER(
      NAME,
      'weir-response-cache',
      'otherwise hits would be served to clients without the role'
    )
  }
  checkKeys(NAME, jwt)
  if (apiKeys !== undefined && typeof apiKeys !== 'function') {
    throw new WEIR_ERR_PLUGIN_OPTION(
      NAME,
      'apiKeys',
      'must be a function that finds a key by its id'
    )
  }
  const schemes: Scheme[] = [
    ...(jwt.length > 0 ? ['bearer' as const] : []),
    ...(apiKeys === undefined ? [] : ['apiKey' as const])
  ]
  if (schemes.length === 0) {
    throw new WEIR_ERR_PLUGIN_OPTION(
      NAME,
      'jwt',
      'is missing, and so is apiKeys: give one of them'
    )
  }

  app.decorateRequest('authFailure', null)
  const userOfToken = await acceptTokens(app, jwt, tolerated(clockTolerance))
  // `@fastify/jwt` adds the decorator if there are tokens.
  if (!app.hasRequestDecorator('user')) app.decorateRequest('user', null)

  async function userOf ({ headers, log }: FastifyRequest): Promise<User> {
    const { authorization, 'x-api-key': apiKey } = headers
    if (authorization !== undefined && apiKey !== undefined) {
      throw new WEIR_ERR_INVALID_CREDENTIALS(
        'the request has both Authorization and X-API-Key: send one'
      )
    }
    const [scheme = '', credentials = '', ...rest] =
      apiKey === undefined ? (authorization ?? '').split(/ +/) : ['apikey', String(apiKey)]
    if (credentials !== '' && rest.length === 0) {
      if (jwt.length > 0 && scheme.toLowerCase() === 'bearer') return userOfToken(credentials)
      if (apiKeys !== undefined && scheme.toLowerCase() === 'apikey') {
        return userOfApiKey(credentials, apiKeys, (error) => { log.error(error) })
      }
    }
    throw new WEIR_ERR_INVALID_CREDENTIALS(`send ${wanted(schemes)}`)
  }

  app.addHook('onRequest', (request, _reply, done) => {
    const { headers } = request
    if (headers.authorization === undefined && headers['x-api-key'] === undefined) return done()
    userOf(request).then((user) => {
      request.user = user
      done()
    }, (error: unknown) => {
      // The answer is sent later, after rate limiting: guessing credentials uses up the limit of
      // the client's address.
      request.authFailure =
        error instanceof WEIR_ERR_INVALID_CREDENTIALS
          ? withChallenge(error, challenge(schemes, true))
          : asError(error)
      done()
    })
  })

  app.decorate('requireRole', (request, role) => {
    const error = refusal(request, role)
    if (error !== undefined) throw error
  })

  enforceDeclaration(app, 'role')
  app.addHook('onRoute', (route) => {
    const role = roleOf(route)
    if (role !== undefined && route.schema !== undefined) {
      route.schema = { ...route.schema, security: schemes.map((scheme) => ({ [scheme]: [] })) }
    }
    route.onRequest = [
      ...[route.onRequest ?? []].flat(),
      (request, _reply, done) => {
        done(refusal(request, role))
      }
    ]
  })

  function refusal (
    { user, authFailure }: FastifyRequest,
    role: Role | undefined
  ): Error | undefined {
    if (authFailure !== null) return authFailure
    if (role === undefined) return undefined
    if (user === null) {
      return withChallenge(
        new WEIR_ERR_UNAUTHENTICATED(role, wanted(schemes)),
        challenge(schemes, false)
      )
    }
    return mayActAs(user.role, role) ? undefined : new WEIR_ERR_FORBIDDEN(role, user.role)
  }
}

function tolerated (clockTolerance: Duration): number {
  try {
    return parseDuration(clockTolerance, 'clockTolerance')
  } catch {
    throw new WEIR_ERR_PLUGIN_OPTION(
      NAME,
      'clockTolerance',
      `must be a duration, milliseconds or text like '5s', not ${JSON.stringify(clockTolerance)}`
    )
  }
}

function roleOf ({ config, method, url }: RouteOptions): Role | undefined {
  const role: unknown = config?.role
  if (role === undefined || isRole(role)) return role
  throw new WEIR_ERR_ROUTE_OPTION(
    `${[method].flat().join()} ${url}`,
    'role',
    `must be one of ${ROLES.join(', ')}, not ${JSON.stringify(role)}`
  )
}

const HOW: Record<Scheme, string> = {
  bearer: 'Authorization: Bearer with a token',
  apiKey: 'X-API-Key with a key'
}
const wanted = (schemes: readonly Scheme[]) => schemes.map((scheme) => HOW[scheme]).join(', or ')
const withChallenge = (error: Error, value: string) =>
  Object.assign(error, { headers: { 'www-authenticate': value } })
const asError = (error: unknown) => error instanceof Error ? error : new Error(String(error))

export default fp(auth, { name: NAME, fastify: '5.x' })
