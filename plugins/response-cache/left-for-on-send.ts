import type { FastifyReply, FastifyRequest } from 'fastify'

/**
 * What hooks before the handler have left for onSend hooks to write, which a hit does not reach:
 * cookies of `@fastify/cookie`, or a session that has changed or is to last longer; undefined:
 * nothing.
 */
export function leftForOnSend (
  request: FastifyRequest,
  reply: FastifyReply
): 'SET_COOKIE' | 'SESSION' | undefined {
  if (hasPendingCookies(reply)) return 'SET_COOKIE'
  return hasPendingSession(request) ? 'SESSION' : undefined
}

/**
 * As `leftForOnSend`, for routes that replay Set-Cookie: also a cookie that a hook has set already.
 * It is this client's, so that it is neither stored with the handler's nor replaced by a stored
 * one.
 */
export const cookiesOfHooks = (
  request: FastifyRequest,
  reply: FastifyReply
): ReturnType<typeof leftForOnSend> =>
  reply.getHeader('set-cookie') !== undefined ? 'SET_COOKIE' : leftForOnSend(request, reply)

/** `@fastify/cookie` keeps them in a map under a symbol of its own. */
function hasPendingCookies (reply: FastifyReply): boolean {
  if (!('setCookie' in reply)) return false
  const symbol = cookiesOf(reply)
  const cookies: unknown = symbol && Reflect.get(reply, symbol)
  return cookies instanceof Map && cookies.size > 0
}

let known: symbol | undefined

function cookiesOf (reply: FastifyReply): symbol | undefined {
  if (known !== undefined && Object.hasOwn(reply, known)) return known
  known = Object.getOwnPropertySymbols(reply).find(
    ({ description }) => description === 'fastify.reply.setCookies'
  )
  return known
}

/**
 * Sessions of `@fastify/secure-session` say `changed`, those of `@fastify/session` have
 * `isModified()`.
 */
function hasPendingSession (request: FastifyRequest): boolean {
  const { session } = request as { session?: unknown }
  if (typeof session !== 'object' || session === null) return false
  if (Reflect.get(session, 'changed') === true) return true
  const isModified: unknown = Reflect.get(session, 'isModified')
  if (typeof isModified !== 'function') return false
  return (
    Reflect.apply(isModified, session, []) === true ||
    (request.headers.cookie !== undefined && isRolling(session))
  )
}

/**
 * Whether each response begins the session's time anew: so it is unless an option says otherwise,
 * which nobody can read.
 */
function isRolling (session: object): boolean {
  const cookie: unknown = Reflect.get(session, 'cookie')
  return (
    typeof cookie === 'object' &&
    cookie !== null &&
    typeof Reflect.get(cookie, 'originalMaxAge') === 'number'
  )
}
