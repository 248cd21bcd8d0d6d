import { randomBytes } from 'node:crypto'
import cookie from '@fastify/cookie'
import auth, { type Role } from '@weir/fastify/auth'
import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { type StorefrontEnv } from './env.js'
import { STOREFRONT_ERR_FOREIGN_POST, STOREFRONT_ERR_NO_SOURCE } from './errors.js'

/**
 * Cookie with the token of the signed-in user, sent to these pages only and hidden from scripts.
 */
const COOKIE = 'weir_shop'
const ROLES: readonly Role[] = ['reader', 'editor', 'admin']

/** Signed-in user, according to the cookie. */
export interface Session {
  readonly id: string
  readonly role: Role
  readonly token: string
  /** Seconds since the epoch. */
  readonly expiresAt: number
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /**
     * True: the cookie's user is `request.user` on this route. On all other routes the cookie is
     * ignored.
     */
    session?: true
  }
}

/**
 * Registers authentication: tokens signed with JWT_SECRET, in Authorization or, on routes with
 * `session: true`, in the cookie. An invalid cookie is treated as absent.
 */
export async function registerSessions (app: FastifyInstance, env: StorefrontEnv): Promise<void> {
  if (env.JWT_SECRET === undefined) {
    app.log.warn('JWT_SECRET is not set: signing in is not ' +
    'possible')
  }
  await app.register(cookie)
  // Runs before auth looks for credentials.
  app.addHook('onRequest', (request, _reply, done) => {
    if (
      request.routeOptions.config.session === true &&
      request.headers.authorization === undefined
    ) {
      const session = sessionOf(request)
      if (session !== undefined) request.headers.authorization = `Bearer ${session.token}`
    }
    done()
  })
  await app.register(auth, {
    jwt: [{ algorithm: 'HS256', secret: env.JWT_SECRET ?? randomBytes(32).toString('hex') }]
  })
}

/** Returns the signed-in user; undefined without one. */
export function sessionOf (request: FastifyRequest): Session | undefined {
  const token = request.cookies[COOKIE]
  return token === undefined ? undefined : sessionBy(request.server, token)
}

/** Returns the session of a token; undefined if the token is not accepted. */
export function sessionBy (app: FastifyInstance, token: string): Session | undefined {
  try {
    const {
      sub,
      role = 'reader',
      exp
    } = app.jwt.HS256.verify<{ sub: unknown; role?: unknown; exp: unknown }>(token)
    const known = ROLES.find((name) => name === role)
    if (typeof sub !== 'string' || sub === '' || typeof exp !== 'number' || known === undefined) {
      return undefined
    }
    return { id: sub, role: known, token, expiresAt: exp }
  } catch {
    return undefined
  }
}

/** Returns whether the request is an admin's, by the cookie or by Authorization. */
export const isAdmin = (request: FastifyRequest): boolean =>
  (request.user ?? sessionOf(request))?.role === 'admin'

/** Stores the token in the browser for its lifetime. */
export function signIn (
  request: FastifyRequest,
  reply: FastifyReply,
  { token, expiresAt }: Session
): void {
  const maxAge = Math.max(0, Math.floor(expiresAt - Date.now() / 1000))
  reply.setCookie(COOKIE, token, { ...attributesFor(request), maxAge })
}

/** Removes the token from the browser. */
export function signOut (request: FastifyRequest, reply: FastifyReply): void {
  reply.clearCookie(COOKIE, attributesFor(request))
}

const attributesFor = ({ protocol }: FastifyRequest) =>
  ({ path: '/shop', httpOnly: true, sameSite: 'strict', secure: protocol === 'https' } as const)

/**
 * Refuses a POST unless Sec-Fetch-Site or Origin confirms that it comes from this site, and neither
 * contradicts that. Browsers send both; other clients have to send one.
 */
export function refuseForeignPosts (
  request: FastifyRequest,
  _reply: FastifyReply,
  done: (error?: Error) => void
): void {
  if (request.method !== 'POST') return done()
  const { 'sec-fetch-site': site, origin } = request.headers
  const own = `${request.protocol}://${request.host}`
  if (site === undefined && origin === undefined) return done(new STOREFRONT_ERR_NO_SOURCE(own))
  const isForeign = (site ?? 'same-origin') !== 'same-origin' || (origin ?? own) !== own
  done(isForeign ? new STOREFRONT_ERR_FOREIGN_POST() : undefined)
}
